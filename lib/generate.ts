/**
 * Stage 6: a trained model and a prefix to text.
 *
 * @module
 */

import { Allocation } from "./backend/allocation.ts";
import type { Backend, Tensor } from "./backend/backend.ts";
import { LanguageModel } from "./model/language_model.ts";
import { encodePrefix } from "./text/prefix.ts";
import { textJoiner } from "./text/tokenizer.ts";
import type { TrainedModel } from "./training/checkpoint.ts";
import { type Clock, monotonicClock, nextChunkSize } from "./training/pace.ts";

/** Settings of {@linkcode generate}. */
export interface GenerateOptions {
  /** Tokens to add to the prefix, from 0 on. Default 50. */
  readonly length?: number;
  /** Decides how much text comes at once, never what it is. */
  readonly clock?: Clock;
}

/** The most tokens between two readbacks, and what they are to take. */
const CHUNK = { limit: 256, targetMilliseconds: 40 };

/**
 * Continues a prefix, greedily: the prefix is fed from the zero state, token by
 * token, then each next token is the likeliest one. Yields the text piece by
 * piece, the prefix first. Source: d2l 8.5.3, `predict_ch8`.
 *
 * @throws {RangeError} If the prefix is empty, holds what is not in the model's
 * vocabulary (the message lists it with its positions, from 1 on), or `length` is
 * not a whole number from 0 on.
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
 * const options = { hiddenSize: 8, batchSize: 1, numSteps: 6, epochs: 1 };
 * for await (const event of train(corpus, backend, options)) {
 *   if (event.type !== "checkpoint") continue;
 *   let text = "";
 *   for await (const piece of generate(event.checkpoint, "la", backend)) {
 *     text += piece;
 *   }
 *   console.assert(text.length === 2 + 50);
 * }
 * ```
 */
export async function* generate(
  checkpoint: TrainedModel,
  prefix: string,
  backend: Backend,
  { length = 50, clock = monotonicClock }: GenerateOptions = {},
): AsyncGenerator<string, void> {
  const { config, parameters, vocabulary, tokenizer } = checkpoint;
  if (!Number.isSafeInteger(length) || length < 0) {
    throw new RangeError(
      `Cannot generate ${length} tokens: expected a whole number from 0 on`,
    );
  }
  const known = encodePrefix(checkpoint, prefix);
  const join = textJoiner(tokenizer.level);
  yield join(known.map((id) => vocabulary.tokens[id]), length === 0);
  if (length === 0) return;

  using model = new LanguageModel(backend, config, {
    batchSize: 1,
    numSteps: 1,
  });
  model.write(parameters);
  // A chunk's tokens, behind the one that it begins with.
  using allocation = new Allocation(backend);
  const tokens = allocation.tensor([CHUNK.limit + 1, 1, 1], "u32");
  for (let at = 0; at < known.length - 1; at += CHUNK.limit) {
    const part = known.slice(at, Math.min(at + CHUNK.limit, known.length - 1));
    backend.write(tokens.view(0, [part.length]), part);
    part.forEach((_, i) => step(model, tokens.at(i)));
  }
  backend.write(tokens.at(0), known.slice(-1));
  for (let done = 0, size = 1; done < length;) {
    const started = clock();
    const count = Math.min(size, length - done);
    for (let i = 0; i < count; i++) {
      const logits = step(model, tokens.at(i)).at(0); // (1, V)
      backend.ops.sample({ logits, tokens: tokens.at(i + 1).at(0) });
    }
    const ids = await backend.read(tokens.view(1, [count]));
    backend.ops.copy({ source: tokens.at(count), destination: tokens.at(0) });
    done += count;
    yield join(Array.from(ids, (id) => vocabulary.tokens[id]), done === length);
    size = nextChunkSize(size, clock() - started, CHUNK);
  }
}

/** One token on: the state moves, and the logits of what follows are returned. */
function step(model: LanguageModel, token: Tensor): Tensor {
  const logits = model.forward(token); // (1, 1, V)
  model.carryState();
  return logits;
}
