/**
 * Training on a short text: 8 minibatches an epoch.
 *
 * @module
 */

import type { Corpus } from "../../../lib/text/corpus.ts";
import { tokenize } from "../../../lib/tokenize.ts";
import type { Sizes } from "../training_model.ts";

/** Minibatches of an epoch. */
export const MINIBATCHES = 8;

/** Minibatches that the text held out is read in. */
const HELD_OUT = 2;

/** As many characters as the chapter's text has, the unknown one left out. */
const CHARACTERS = "abcdefghijklmnopqrstuvwxyz ";

/** A text of exactly so many minibatches, beside what is held out, if anything is. */
export function shortCorpus(
  { batchSize, numSteps }: Sizes,
  hasValidation: boolean,
): Corpus {
  const tokens = batchSize * numSteps;
  const split = MINIBATCHES * tokens + 1;
  const length = split + HELD_OUT * tokens + 1;
  const text = Array.from(
    { length },
    (_, i) => CHARACTERS[(i * i + 7 * i) % CHARACTERS.length],
  ).join("").replaceAll("  ", " a").padEnd(length, CHARACTERS);
  const corpus = tokenize(CHARACTERS + text);
  const ids = corpus.ids.slice(CHARACTERS.length);
  return {
    ...corpus,
    ids: ids.subarray(0, split),
    ...hasValidation && { validation: ids.subarray(split) },
  };
}

/** The settings of a training on it; a text's offset would cost a minibatch. */
export function shortTraining(sizes: Sizes) {
  return { ...sizes, offset: 0 } as const;
}
