/**
 * A text as a model reads it: how likely it found each token, and its hidden states.
 *
 * @module
 */

import { Allocation } from "../../lib/backend/allocation.ts";
import { splitText } from "../../lib/text/split_text.ts";
import { textJoiner } from "../../lib/text/text_joiner.ts";
import { idsByToken } from "../../lib/text/vocabulary.ts";
import { type Backend, LanguageModel, type TrainedModel } from "../../mod.ts";
import type { Reading, ReadToken } from "./protocol.ts";

/** How many of the likeliest tokens are told of each place. */
const LIKELIEST = 3;

/** Reads a text from the zero state on, in one go. */
export async function readText(
  { config, parameters, tokenizer, vocabulary }: TrainedModel,
  backend: Backend,
  text: string,
  layer: number,
): Promise<Reading> {
  const { level } = tokenizer;
  const known = idsByToken(vocabulary);
  const split = splitText(text, { level, normalize: "none" });
  const ids = Uint32Array.from(split.tokens, (token) => known.get(token) ?? 0);
  const T = ids.length, V = config.vocabularySize;
  using model = new LanguageModel(backend, config, {
    batchSize: 1,
    numSteps: T,
  });
  using allocation = new Allocation(backend);
  const inputs = allocation.tensor([T, 1], "u32");
  model.write(parameters);
  backend.write(inputs, ids);
  const logits = await backend.read(model.forward(inputs)); // (T, 1, V)
  const states = await model.readOutputs(layer); // (T, 1, H)
  const join = textJoiner(level);
  const textOf = (id: number) =>
    textJoiner(level)([vocabulary.tokens[id]], true);
  const tokens = Array.from(ids, (id, t): ReadToken => {
    const text = join([vocabulary.tokens[id]], t === T - 1);
    if (t === 0) return { text, likeliest: [] };
    // What was expected here was said one step before.
    const probabilities = softmax(logits.subarray((t - 1) * V, t * V));
    const likeliest = Array.from(probabilities, (_, other) => other)
      .sort((a, b) => probabilities[b] - probabilities[a])
      .slice(0, LIKELIEST)
      .map((other) => ({
        text: textOf(other),
        probability: probabilities[other],
      }));
    return { text, probability: probabilities[id], likeliest };
  });
  return {
    tokens,
    states: Float32Array.from(states),
    hiddenSize: config.hiddenSize,
  };
}

/** `exp(z − max z) / Σ exp(z − max z)`. */
function softmax(logits: ArrayLike<number>): Float64Array {
  const z = Float64Array.from(logits);
  const most = z.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = z.map((value) => Math.exp(value - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}
