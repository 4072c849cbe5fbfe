/**
 * Continuations of a prefix, token by token.
 *
 * @module
 */

import type { Backend } from "../backend/backend.ts";
import { prefixIds, withLineEnds } from "../text/prefix.ts";
import type { TrainedModel } from "../training/checkpoint.ts";
import { Pace } from "../training/pace.ts";
import {
  Continuation,
  type GeneratedPiece,
  type GeneratedToken,
} from "./continuation.ts";
import { Decoder, MOST_STEPS } from "./decoder.ts";
import { generateSettings, type GenerateTokensOptions } from "./options.ts";

/** The most tokens between two readbacks, and what they are to take: text flows. */
const CHUNK = { limit: MOST_STEPS, targetMilliseconds: 40 };

/**
 * Generates `count` continuations of one prefix side by side, and yields what was added
 * to each of them, again and again until all have ended: an array with one piece per
 * continuation, always in the same order. The prefix itself is not included.
 *
 * Token i of continuation r is drawn by Philox(seed, stream "sample", item i, part r):
 * continuation 0 is the same for any `count`, and how the work is divided makes no
 * difference. `<unk>` is never generated.
 *
 * @param prefix A text or token ids, as in `generate`.
 * @throws {RangeError} If the prefix is empty or contains something that is not in the
 * model's vocabulary, if an option is out of its range, or if the vocabulary has only
 * the token `<unk>`.
 *
 * @example
 * ```ts
 * import { openReference } from "../backend/reference/reference_backend.ts";
 * import { tokenize } from "../tokenize.ts";
 * import { train } from "../train.ts";
 * import { generateTokens } from "./generate_tokens.ts";
 *
 * using backend = openReference();
 * const corpus = tokenize("la la la la la la la la la la");
 * const settings = { hiddenSize: 8, batchSize: 1, numSteps: 6, epochs: 1 };
 * for await (const event of train(corpus, backend, settings)) {
 *   if (event.type !== "checkpoint" || event.reason !== "last") continue;
 *   const options = { count: 2, temperature: 1, logProbabilities: true };
 *   const texts = ["la", "la"];
 *   for await (
 *     const pieces of generateTokens(event.checkpoint, "la", backend, options)
 *   ) {
 *     pieces.forEach(({ text, tokens }, row) => {
 *       texts[row] += text;
 *       for (const token of tokens) console.assert(token.logProbability! <= 0);
 *     });
 *   }
 *   console.assert(texts.every((text) => text.length === 2 + 50));
 * }
 * ```
 */
export async function* generateTokens(
  model: TrainedModel,
  prefix: string | readonly number[],
  backend: Backend,
  options: GenerateTokensOptions = {},
): AsyncGenerator<readonly GeneratedPiece[], void> {
  const settings = generateSettings(options);
  const { maxNewTokens, clock, count: B } = settings;
  const { vocabulary: { tokens: vocabulary }, tokenizer } = model;
  const known = prefixIds(model, prefix);
  if (maxNewTokens === 0) return;
  const stop = settings.stop && withLineEnds(model, settings.stop);
  const begun = known.map((id) => vocabulary[id]);
  const rows = Array.from(
    { length: B },
    () => new Continuation(tokenizer.level, begun, stop),
  );
  using decoder = await Decoder.open(model, known, backend, settings);
  const pace = new Pace(clock, CHUNK);
  for (let done = 0; done < maxNewTokens;) {
    const steps = Math.min(pace.size, maxNewTokens - done);
    const { result } = await pace.timed(() => decoder.run(done, steps));
    const { ids, logProbabilities } = result; // (steps, B)
    done += steps;
    const pieces = rows.map((row, b) => {
      const added: GeneratedToken[] = [];
      for (let at = b; at < steps * B; at += B) {
        const id = ids[at], token = vocabulary[id];
        added.push(
          logProbabilities
            ? { id, token, logProbability: logProbabilities[at] }
            : { id, token },
        );
      }
      return row.add(added, done === maxNewTokens);
    });
    yield pieces;
    if (rows.every(({ ended }) => ended)) return;
    await pace.turn();
  }
}
