/**
 * Stage 6: a trained model and a prefix to text.
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
 * Continues a prefix: it is fed from the zero state, token by token, then each next
 * token is the likeliest one or, with a `temperature` above 0, drawn. Yields the
 * text piece by piece, the prefix first. `<unk>` is never generated: of the other
 * tokens each keeps its share. Source: d2l 8.5.3, `predict_ch8`; the draws are those
 * of `Sample` in lib/backend/ops.ts.
 *
 * The same model, prefix, options and backend give the same text.
 *
 * @param prefix A text, or token ids as a corpus has them: bytes of a character
 * that is not whole, and `<unk>`, id 0, can be given in ids alone. A character that
 * the ids break off in becomes part of the text when it is whole.
 * @throws {RangeError} If the prefix is empty, holds what is not in the model's
 * vocabulary (the message lists it with its positions, from 1 on), or an option is
 * out of its range, or if the vocabulary has no token but `<unk>`.
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
