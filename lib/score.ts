/**
 * How likely a model finds each token of a text.
 *
 * @module
 */

import { InputError } from "./input_error.ts";
import { Allocation } from "./backend/allocation.ts";
import type { Backend } from "./backend/backend.ts";
import { LanguageModel } from "./model/language_model.ts";
import { type Reals, StepReader } from "./model/step_reader.ts";
import { isInRange, rangeText } from "./setting.ts";
import type { Corpus } from "./text/corpus.ts";
import { assertSameVocabulary } from "./text/vocabulary.ts";
import type { TrainedModel } from "./training/checkpoint.ts";
import { type Clock, monotonicClock } from "./training/pace.ts";
import { STREAM_STEPS, textLosses } from "./training/text_losses.ts";

/** Settings of {@linkcode score}. */
export interface ScoreOptions {
  /**
   * For each token, how many of the likeliest tokens at its position to return; a whole
   * number of at least 0. Default 0.
   */
  readonly likeliest?: number;
  /**
   * The layer whose hidden states are returned with the tokens, counted from 0, which
   * is the one nearest the input. Default: none.
   */
  readonly layer?: number;
  /** Determines how many tokens are returned at once, never what they are. */
  readonly clock?: Clock;
}

/** A token of a text, and how likely it is. */
export interface ScoredToken {
  /** Its id, or 0 if it is not in the vocabulary. */
  readonly id: number;
  /** The token, or `<unk>` if it is not in the vocabulary. */
  readonly token: string;
  /**
   * Natural logarithm of its probability given all the tokens before it; the first
   * token has none.
   */
  readonly logProbability?: number;
  /**
   * The likeliest tokens at its position, likeliest first; they can include `<unk>`.
   * Only present if {@linkcode ScoreOptions.likeliest} is given, and not for the first
   * token.
   */
  readonly likeliest?: readonly LikelyToken[];
  /** `(H)`, the hidden state after the token, if a layer is given. */
  readonly state?: Float32Array | Float64Array;
}

/** A possible token at a position in a text. */
export interface LikelyToken {
  /** Its id. */
  readonly id: number;
  /** The token in the vocabulary. */
  readonly token: string;
  /** Natural logarithm of its probability at that position. */
  readonly logProbability: number;
}

/**
 * Reads a text as one stream, starting from the zero state, and yields its tokens with
 * their log-probabilities, several at a time. The mean over all tokens except the first
 * is the negative of the loss that `evaluate` returns.
 *
 * @param corpus Token ids in the model's vocabulary: tokenize the text with the
 * model's `tokenizer` and `vocabulary`.
 * @throws {RangeError} If the corpus has a different vocabulary, or an option is out of
 * its range.
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
 *
 *   const more = { likeliest: 2, layer: 0 };
 *   for await (const tokens of score(event.checkpoint, corpus, backend, more)) {
 *     for (const { logProbability, likeliest, state } of tokens) {
 *       console.assert(state!.length === 8);
 *       if (!likeliest) continue; // nothing is expected of the first token
 *       console.assert(likeliest[0].logProbability >= logProbability!);
 *     }
 *   }
 * }
 * ```
 */
export async function* score(
  { config, parameters, vocabulary }: TrainedModel,
  corpus: Corpus,
  backend: Backend,
  options: ScoreOptions = {},
): AsyncGenerator<readonly ScoredToken[], void> {
  const { likeliest = 0, layer, clock = monotonicClock } = options;
  assertSameVocabulary(corpus, vocabulary, "score");
  assertInRange("likeliest", likeliest);
  if (layer !== undefined) assertInRange("layer", layer, config.numLayers - 1);
  const { ids } = corpus, { tokens } = vocabulary;
  const last = ids.length - 1;
  if (last < 0) return;
  // What the step before says of the token.
  let expected: Pick<ScoredToken, "logProbability" | "likeliest"> = {};
  const scored = (at: number, state?: Reals): ScoredToken => ({
    id: ids[at],
    token: tokens[ids[at]],
    ...expected,
    ...(state && { state }),
  });
  if (last === 0 && layer === undefined) {
    yield [scored(0)];
    return;
  }

  const numSteps = Math.min(Math.max(last, 1), STREAM_STEPS);
  const sizes = { batchSize: 1, numSteps };
  using model = new LanguageModel(backend, config, sizes);
  model.write(parameters);
  const wanted = { likeliest, layer };
  const steps = new StepReader(model, config, backend, ids, wanted);
  const also = () => steps.read();
  const how = { ...sizes, perToken: true, also, clock };
  const chunks = last > 0 ? textLosses(model, backend, ids, how) : [];
  for await (const { begin, losses } of chunks) {
    const { gaps, states } = steps.take();
    yield Array.from(losses, (loss, i) => {
      const token = scored(begin + i, states[i]);
      const likely = gaps[i]?.map(({ id, gap }) => {
        return { id, token: tokens[id], logProbability: gap - loss };
      });
      expected = {
        logProbability: -loss,
        ...(likely && { likeliest: likely }),
      };
      return token;
    });
  }
  if (layer !== undefined) { // the last token is fed for its state alone
    using allocation = new Allocation(backend);
    const input = allocation.tensor([1, 1], "u32");
    backend.write(input, ids.subarray(last));
    model.advance(input);
    await steps.readStates();
  }
  yield [scored(last, steps.take().states[0])];
}

/** @param most The greatest allowed; undefined: any. */
function assertInRange(name: string, value: number, most?: number): void {
  const range = { kind: "integer", least: 0, most } as const;
  if (isInRange(range, value)) return;
  throw new InputError(
    `Cannot score with ${name} ${value}: expected ${rangeText(range)}`,
  );
}
