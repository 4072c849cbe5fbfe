import type { Backend } from "../../lib/backend/backend.ts";
import { generateTokens } from "../../lib/generation/generate_tokens.ts";
import type { GenerateOptions } from "../../lib/generation/options.ts";
import { decodeIds } from "../../lib/text/decode_ids.ts";
import type { TrainedModel } from "../../lib/training/checkpoint.ts";

/**
 * A start and how a model goes on with it, whole: at level `byte`, a character that
 * the last token leaves unfinished is left out.
 *
 * @param start Token ids of the model's vocabulary.
 * @throws {RangeError} As `generateTokens`.
 */
export async function continued(
  model: TrainedModel,
  start: readonly number[],
  backend: Backend,
  options: GenerateOptions = {},
): Promise<string> {
  const ids = [...start];
  for await (
    const [{ tokens }] of generateTokens(model, start, backend, options)
  ) ids.push(...tokens.map(({ id }) => id));
  return decodeIds(model, ids);
}
