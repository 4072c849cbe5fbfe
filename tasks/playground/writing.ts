/**
 * Text that a model writes, and what it begins with.
 *
 * @module
 */

import {
  type Backend,
  canContinue,
  type Corpus,
  generate,
  textJoiner,
  type TrainedModel,
} from "../../mod.ts";
import { sampleStarts } from "../shared/sample_starts.ts";
import type { WriteRequest } from "./protocol.ts";

/** Continues a prefix, piece by piece; the first piece is the prefix. */
export function write(
  model: TrainedModel,
  backend: Backend,
  { prefix, length, temperature, topP, seed }: Omit<WriteRequest, "layer">,
): AsyncGenerator<string, void> {
  const options = { maxNewTokens: length, temperature, topP, seed };
  return generate(model, prefix, backend, options);
}

/**
 * The prefix where a model knows all of it, in lower case if need be; else the
 * commonest token that can be one, or "" where none can.
 */
export function usablePrefix(model: TrainedModel, prefix: string): string {
  const { vocabulary, tokenizer } = model;
  const isUsable = (text: string) => canContinue(model, text);
  const given = [prefix, prefix.toLowerCase()].find(isUsable);
  if (given !== undefined) return given;
  for (const token of vocabulary.tokens.slice(1)) {
    const text = textJoiner(tokenizer.level)([token], true);
    if (isUsable(text)) return text;
  }
  return "";
}

/** What samples of a model of this text begin with; "" where nothing can. */
export function startingText(corpus: Corpus): string {
  return sampleStarts(corpus)[0]?.text ?? "";
}
