/**
 * How likely a model finds each token of a text.
 *
 * @module
 */

import type { Backend } from "./backend/backend.ts";
import { LanguageModel } from "./model/language_model.ts";
import type { Corpus } from "./text/corpus.ts";
import { assertSameVocabulary } from "./text/vocabulary.ts";
import type { TrainedModel } from "./training/checkpoint.ts";
import { type Clock, monotonicClock } from "./training/pace.ts";
import { STREAM_STEPS, textLosses } from "./training/text_losses.ts";

/** Settings of {@linkcode score}. */
export interface ScoreOptions {
  /** Decides how many tokens come at once, never what they are. */
  readonly clock?: Clock;
}

/** A token of a text, and how likely it is. */
export interface ScoredToken {
  /** Its id; 0 where the vocabulary has it not. */
  readonly id: number;
  /** The token in the vocabulary; `<unk>` where it is not there. */
  readonly token: string;
  /**
   * Natural logarithm of its probability behind all that stands before it; the first
   * token, before which there is nothing, has none.
   */
  readonly logProbability?: number;
}

/**
 * Reads a text as one stream from the zero state on, and yields its tokens with
 * their log-probabilities, some at a time. Their mean over all tokens but the first
 * is the negative of the loss that `evaluate` gives.
 *
 * @param corpus Token ids in the model's vocabulary: tokenize the text with the
 * model's `tokenizer` and `vocabulary`.
 * @throws {RangeError} If the corpus has another vocabulary.
 *
 * @example
 * ```ts
 * import { openReference } from "./backend/reference/reference_backend.ts";
 * import { score } from "./score.ts";
 * import { tokenize } from "./tokenize.ts";
 * import { train } from "./train.ts";
 *
 * using backend = openReference();
 * const corpus = tokenize("la la la la la la la la la la");
 * const options = { hiddenSize: 8, batchSize: 1, numSteps: 6, epochs: 1 };
 * for await (const event of train(corpus, backend, options)) {
 *   if (event.type !== "checkpoint" || event.reason !== "last") continue;
 *   let text = "";
 *   for await (const tokens of score(event.checkpoint, corpus, backend)) {
 *     for (const { token, logProbability } of tokens) {
 *       console.assert(text === "" || logProbability! < 0);
 *       text += token;
 *     }
 *   }
 *   console.assert(text.length === 29);
 * }
 * ```
 */
export async function* score(
  { config, parameters, vocabulary }: TrainedModel,
  corpus: Corpus,
  backend: Backend,
  { clock = monotonicClock }: ScoreOptions = {},
): AsyncGenerator<readonly ScoredToken[], void> {
  assertSameVocabulary(corpus, vocabulary, "score");
  const { ids } = corpus;
  const scored = (id: number) => ({ id, token: vocabulary.tokens[id] });
  if (ids.length > 0) yield [scored(ids[0])];
  const predicted = ids.length - 1;
  if (predicted < 1) return;

  const sizes = {
    batchSize: 1,
    numSteps: Math.min(predicted, STREAM_STEPS),
  };
  using model = new LanguageModel(backend, config, sizes);
  model.write(parameters);
  const options = { ...sizes, perToken: true, clock };
  for await (
    const { begin, losses } of textLosses(model, backend, ids, options)
  ) {
    yield Array.from(losses, (loss, i) => ({
      ...scored(ids[begin + 1 + i]),
      logProbability: -loss,
    }));
  }
}
