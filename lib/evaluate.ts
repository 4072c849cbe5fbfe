/**
 * Stage 5: how well a model predicts a text.
 *
 * @module
 */

import { InputError } from "./input_error.ts";
import type { Backend } from "./backend/backend.ts";
import { LanguageModel } from "./model/language_model.ts";
import type { Corpus } from "./text/corpus.ts";
import { unknownCount } from "./text/token_ids.ts";
import { assertSameVocabulary } from "./text/vocabulary.ts";
import type { TrainedModel } from "./training/checkpoint.ts";
import { measure, type Prediction } from "./training/evaluation.ts";
import { type Clock, monotonicClock } from "./training/pace.ts";
import { STREAM_STEPS } from "./training/text_losses.ts";

/** Settings of {@linkcode evaluate}. */
export interface EvaluateOptions {
  /** Determines how work is divided, and never affects the results. */
  readonly clock?: Clock;
}

/** How well all tokens of a text except the first were predicted. */
export interface Evaluation extends Prediction {
  /** How many of these tokens are not in the vocabulary. */
  readonly unknown: number;
}

/**
 * Reads a text as one stream, starting from the zero state, and measures how well each
 * token is predicted from all the tokens before it.
 *
 * @param corpus Token ids in the checkpoint's vocabulary: tokenize the text with
 * the checkpoint's `tokenizer` and `vocabulary`.
 * @throws {RangeError} If the corpus has fewer than two tokens or a different
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
 *   if (event.type !== "checkpoint" || event.reason !== "last") continue;
 *   const { tokens } = await evaluate(event.checkpoint, corpus, backend);
 *   console.assert(tokens === 28);
 * }
 * ```
 */
export async function evaluate(
  { config, parameters, vocabulary }: TrainedModel,
  corpus: Corpus,
  backend: Backend,
  { clock = monotonicClock }: EvaluateOptions = {},
): Promise<Evaluation> {
  assertSameVocabulary(corpus, vocabulary, "evaluate on");
  const { ids } = corpus;
  const tokens = ids.length - 1;
  if (tokens < 1) {
    throw new InputError(
      `Cannot evaluate on "${corpus.name}": the text needs at least 2 ` +
        `tokens, and it has ${ids.length}`,
    );
  }
  const sizes = { batchSize: 1, numSteps: Math.min(tokens, STREAM_STEPS) };
  using model = new LanguageModel(backend, config, sizes);
  model.write(parameters);
  const options = { ...sizes, clock };
  const prediction = await measure(model, backend, ids, options);
  return {
    ...prediction!, // there is no signal that could cut it short
    unknown: unknownCount(ids.subarray(1)),
  };
}
