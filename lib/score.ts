/**
 * How likely a model finds each token of a text.
 *
 * @module
 */

import { Allocation } from "./backend/allocation.ts";
import type { Backend } from "./backend/backend.ts";
import { LanguageModel } from "./model/language_model.ts";
import type { Corpus } from "./text/corpus.ts";
import { assertSameVocabulary } from "./text/vocabulary.ts";
import type { TrainedModel } from "./training/checkpoint.ts";
import {
  type Clock,
  monotonicClock,
  nextChunkSize,
  turn,
} from "./training/pace.ts";

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

/** Steps of one call of the model, and the calls between two readbacks. */
const NUM_STEPS = 128;
const CHUNK = { limit: 32, targetMilliseconds: 80 };

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

  const numSteps = Math.min(predicted, NUM_STEPS);
  const limit = Math.min(Math.ceil(predicted / numSteps), CHUNK.limit);
  using model = new LanguageModel(backend, config, { batchSize: 1, numSteps });
  model.write(parameters);
  using allocation = new Allocation(backend);
  const inputs = allocation.tensor([limit * numSteps, 1], "u32");
  const targets = allocation.tensor([limit * numSteps, 1], "u32");
  const losses = allocation.tensor([limit * numSteps, 1]);
  const mean = allocation.tensor([]);
  for (let begin = 0, size = 1; begin < predicted;) {
    const started = clock();
    const end = Math.min(predicted, begin + size * numSteps);
    const shape = [end - begin, 1];
    backend.write(inputs.view(0, shape), ids.subarray(begin, end));
    backend.write(targets.view(0, shape), ids.subarray(begin + 1, end + 1));
    for (let at = 0; at < end - begin; at += numSteps) {
      const shape = [Math.min(numSteps, end - begin - at), 1];
      model.forward(inputs.view(at, shape));
      model.loss(targets.view(at, shape), mean, losses.view(at, shape));
      model.carryState();
    }
    const read = await backend.read(losses.view(0, shape));
    yield Array.from(read, (loss, i) => ({
      ...scored(ids[begin + 1 + i]),
      logProbability: -loss,
    }));
    begin = end;
    size = nextChunkSize(size, clock() - started, { ...CHUNK, limit });
    await turn();
  }
}
