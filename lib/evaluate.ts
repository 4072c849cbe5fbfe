/**
 * Stage 5: how well a model predicts a text.
 *
 * @module
 */

import { Allocation } from "./backend/allocation.ts";
import type { Backend } from "./backend/backend.ts";
import { LanguageModel } from "./model/language_model.ts";
import type { TokenIds } from "./text/token_ids.ts";
import type { Corpus } from "./tokenize.ts";
import type { Checkpoint } from "./training/checkpoint.ts";
import { perplexity, weightedMean } from "./training/metrics.ts";
import {
  type Clock,
  monotonicClock,
  nextChunkSize,
  turn,
} from "./training/pace.ts";

/** Settings of {@linkcode evaluate}. */
export interface EvaluateOptions {
  /** Decides how work is cut up, never what it gives. */
  readonly clock?: Clock;
}

/** How well a text was predicted. */
export interface Evaluation {
  /** Mean cross-entropy, in nats per token. */
  readonly loss: number;
  /** `exp(loss)`. */
  readonly perplexity: number;
  /** `loss / ln 2`. */
  readonly bitsPerToken: number;
  /** Tokens predicted: all but the first. */
  readonly tokens: number;
  /** How many of these are not in the vocabulary. */
  readonly unknown: number;
}

/** Steps of one call of the model: a long text is gone through piece by piece. */
const NUM_STEPS = 128;

/** The most pieces between two readbacks, and what they are to take. */
const PIECES = { limit: 64, targetMilliseconds: 80 };

/**
 * Reads a text as one stream from the zero state on, and measures how well each
 * token is predicted from all before it.
 *
 * @param corpus Token ids in the checkpoint's vocabulary: tokenize the text with
 * the checkpoint's `tokenizer` and `vocabulary`.
 * @throws {RangeError} If the corpus has fewer than two tokens or another
 * vocabulary.
 *
 * @example
 * ```ts
 * import { openReference } from "./backend/reference/reference_backend.ts";
 * import { evaluate } from "./evaluate.ts";
 * import { tokenize } from "./tokenize.ts";
 * import { train } from "./train.ts";
 *
 * using backend = openReference();
 * const corpus = tokenize("la la la la la la la la la la");
 * const options = { hiddenSize: 8, batchSize: 1, numSteps: 6, epochs: 1 };
 * for await (const event of train(corpus, backend, options)) {
 *   if (event.type !== "checkpoint") continue;
 *   const { tokens } = await evaluate(event.checkpoint, corpus, backend);
 *   console.assert(tokens === 28);
 * }
 * ```
 */
export async function evaluate(
  { config, parameters, vocabulary }: Checkpoint,
  corpus: Corpus,
  backend: Backend,
  { clock = monotonicClock }: EvaluateOptions = {},
): Promise<Evaluation> {
  if (corpus.vocabulary.tokens.join("\0") !== vocabulary.tokens.join("\0")) {
    throw new RangeError(
      `Cannot evaluate on "${corpus.name}": it was tokenized with another ` +
        `vocabulary than the model's. Pass the checkpoint's to tokenize`,
    );
  }
  const { ids } = corpus;
  const tokens = ids.length - 1;
  if (tokens < 1) {
    throw new RangeError(
      `Cannot evaluate on "${corpus.name}": a text of at least 2 tokens is ` +
        `needed, it has ${ids.length}`,
    );
  }
  const pieces = Math.ceil(tokens / NUM_STEPS);
  const limit = Math.min(pieces, PIECES.limit);
  const numSteps = Math.min(tokens, NUM_STEPS);
  using model = new LanguageModel(backend, config, { batchSize: 1, numSteps });
  model.write(parameters);
  using allocation = new Allocation(backend);
  const inputs = allocation.tensor([limit * numSteps, 1], "u32");
  const targets = allocation.tensor([limit * numSteps, 1], "u32");
  const losses = allocation.tensor([limit]);
  const parts: { mean: number; tokens: number }[] = [];
  for (let begin = 0, size = 1; begin < tokens;) {
    const started = clock();
    const end = Math.min(tokens, begin + size * numSteps);
    const length = end - begin;
    backend.write(inputs.view(0, [length, 1]), ids.subarray(begin, end));
    backend.write(
      targets.view(0, [length, 1]),
      ids.subarray(begin + 1, end + 1),
    );
    const lengths: number[] = [];
    for (let at = 0; at < length; at += numSteps) {
      const shape = [Math.min(numSteps, length - at), 1];
      model.forward(inputs.view(at, shape));
      model.loss(targets.view(at, shape), losses.at(lengths.length));
      model.carryState();
      lengths.push(shape[0]);
    }
    const means = await backend.read(losses.view(0, [lengths.length]));
    lengths.forEach((tokens, i) => parts.push({ mean: means[i], tokens }));
    begin = end;
    const { targetMilliseconds } = PIECES;
    const elapsed = clock() - started;
    size = nextChunkSize(size, elapsed, { targetMilliseconds, limit });
    await turn();
  }
  const loss = weightedMean(parts);
  return {
    loss,
    perplexity: perplexity(loss),
    bitsPerToken: loss / Math.LN2,
    tokens,
    unknown: countZeros(ids.subarray(1)),
  };
}

function countZeros(ids: TokenIds): number {
  let zeros = 0;
  for (let i = 0; i < ids.length; i++) if (ids[i] === 0) zeros++;
  return zeros;
}
