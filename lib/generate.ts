/**
 * Stage 6: from a trained model and a prefix to text.
 *
 * @module
 */

import type { Backend } from "./backend/backend.ts";
import { generateTokens } from "./generation/generate_tokens.ts";
import {
  type GenerateOptions,
  generateSettings,
} from "./generation/options.ts";
import { decodeIds } from "./text/decode_ids.ts";
import { prefixIds } from "./text/prefix.ts";
import type { TrainedModel } from "./training/checkpoint.ts";

/**
 * Continues a prefix. The model reads the prefix token by token, starting from the zero
 * state; then each next token is the likeliest one or, with a `temperature` above 0,
 * drawn at random. Yields the text piece by piece, starting with the prefix. `<unk>` is
 * never generated; the other tokens keep their relative probabilities. Source: d2l
 * 8.5.3, `predict_ch8`; the draws are those of `Sample` in lib/backend/ops.ts.
 *
 * The same model, prefix, options and backend give the same text.
 *
 * @param prefix A text, or token ids as in a corpus. Only ids can express `<unk>` (id
 * 0) and the bytes of an incomplete character. If the ids end within a character, it
 * becomes part of the text once it is complete.
 * @throws {RangeError} If the prefix is empty or contains something that is not in the
 * model's vocabulary (the message lists it with its positions, counted from 1), if an
 * option is out of its range, or if the vocabulary has only the token `<unk>`.
 *
 * @example
 * ```ts
 * import { openReference } from "./backend/reference/reference_backend.ts";
 * import { generate } from "./generate.ts";
 * import { tokenize } from "./tokenize.ts";
 * import { train } from "./train.ts";
 *
 * using backend = openReference();
 * const corpus = tokenize("la la la la la la la la la la");
 * const settings = { hiddenSize: 8, batchSize: 1, numSteps: 6, epochs: 1 };
 * for await (const event of train(corpus, backend, settings)) {
 *   if (event.type !== "checkpoint" || event.reason !== "last") continue;
 *   const options = { temperature: 0.8, topP: 0.9, seed: 1, maxNewTokens: 20 };
 *   let text = "";
 *   for await (
 *     const piece of generate(event.checkpoint, "la", backend, options)
 *   ) text += piece;
 *   console.assert(text.length === 2 + 20);
 * }
 * ```
 */
export async function* generate(
  model: TrainedModel,
  prefix: string | readonly number[],
  backend: Backend,
  options: GenerateOptions = {},
): AsyncGenerator<string, void> {
  generateSettings(options); // what is wrong is said before anything is given
  const ids = prefixIds(model, prefix);
  yield decodeIds(model, ids);
  const one = { ...options, count: 1, logProbabilities: false };
  for await (const [{ text }] of generateTokens(model, ids, backend, one)) {
    yield text;
  }
}
