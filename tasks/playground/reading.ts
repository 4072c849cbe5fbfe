/**
 * A text as a model reads it: how likely it found each token, and its hidden states.
 *
 * @module
 */

import {
  type Backend,
  score,
  textJoiner,
  tokenize,
  type TrainedModel,
} from "../../mod.ts";
import type { Reading, ReadToken } from "./protocol.ts";

/** How many of the likeliest tokens are told of each place. */
const LIKELIEST = 3;

/**
 * Reads a text from the zero state on.
 *
 * @param text Clean already, as a model writes it: it is taken as it is.
 */
export async function readText(
  model: TrainedModel,
  backend: Backend,
  text: string,
  layer: number,
): Promise<Reading> {
  const { config: { hiddenSize }, tokenizer: { level }, vocabulary } = model;
  const corpus = tokenize(text, { level, normalize: "none", vocabulary });
  const T = corpus.ids.length;
  const states = new Float32Array(T * hiddenSize);
  const tokens: ReadToken[] = [];
  const join = textJoiner(level);
  const textOf = (token: string) => textJoiner(level)([token], true);
  const options = { likeliest: LIKELIEST, layer };
  for await (const some of score(model, corpus, backend, options)) {
    for (const { token, logProbability, likeliest = [], state } of some) {
      const t = tokens.length;
      states.set(state!, t * hiddenSize);
      tokens.push({
        text: join([token], t === T - 1),
        ...(logProbability !== undefined && {
          probability: Math.exp(logProbability),
        }),
        likeliest: likeliest.map(({ token, logProbability }) => ({
          text: textOf(token),
          probability: Math.exp(logProbability),
        })),
      });
    }
  }
  return { tokens, states, hiddenSize };
}
