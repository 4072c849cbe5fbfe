/**
 * Models that were never trained, whose weights are large enough to say much.
 *
 * @module
 */

import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import type { ModelConfig } from "../../lib/model/config.ts";
import { LanguageModel } from "../../lib/model/language_model.ts";
import { initializeParameters } from "../../lib/model/parameters.ts";
import { encodePrefix } from "../../lib/text/prefix.ts";
import type { Tokenizer } from "../../lib/text/tokenizer.ts";
import { tokenize } from "../../lib/tokenize.ts";
import type { TrainedModel } from "../../lib/training/checkpoint.ts";

/** A model of the tokens of a text. */
export function untrained(
  text: string,
  config: Partial<ModelConfig> = {},
  { level = "char", normalize = "none" }: Partial<Tokenizer> = {},
): TrainedModel {
  const { vocabulary, tokenizer } = tokenize(text, { level, normalize });
  const whole: ModelConfig = {
    cell: "rnn",
    vocabularySize: vocabulary.tokens.length,
    hiddenSize: 12,
    numLayers: 1,
    ...config,
  };
  const parameters = initializeParameters(whole, { seed: 5, sigma: 0.7 });
  return { config: whole, parameters, vocabulary, tokenizer };
}

/** The logits behind every token of a text, `(T, V)`, on the reference in float64. */
export async function logitsOf(
  model: TrainedModel,
  text: string,
): Promise<number[][]> {
  const ids = encodePrefix(model, text);
  using backend = openReference();
  const sizes = { batchSize: 1, numSteps: ids.length };
  using network = new LanguageModel(backend, model.config, sizes);
  network.write(model.parameters);
  const inputs = backend.allocate([ids.length, 1], "u32");
  backend.write(inputs, ids);
  const logits = await backend.read(network.forward(inputs));
  const V = model.config.vocabularySize;
  return ids.map((_, t) => [...logits.slice(t * V, (t + 1) * V)]);
}

/** Probabilities of all tokens but `<unk>`, whose own is 0. */
export function withoutUnknown(logits: readonly number[]): number[] {
  const weights = logits.map((z, id) => id === 0 ? 0 : Math.exp(z));
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / sum);
}
