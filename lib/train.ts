/**
 * Stage 4: a corpus to a trained model.
 *
 * @module
 */

import type { Activation, Backend } from "./backend/backend.ts";
import type { ModelConfig } from "./model/config.ts";
import { LanguageModel } from "./model/language_model.ts";
import { initializeParameters, type Parameters } from "./model/parameters.ts";
import { partition } from "./partition.ts";
import { corpusDigest } from "./text/corpus_digest.ts";
import type { Sampling } from "./text/minibatch.ts";
import type { Corpus } from "./tokenize.ts";
import type { Checkpoint, TrainingRecord } from "./training/checkpoint.ts";
import { ChunkRunner, type MinibatchResult } from "./training/chunk_runner.ts";
import { perplexity, weightedMean } from "./training/metrics.ts";
import {
  type Clock,
  monotonicClock,
  nextChunkSize,
  turn,
} from "./training/pace.ts";
import { isDue, schedule, takeChunk } from "./training/schedule.ts";

/** Settings of {@linkcode train}; the defaults are the chapter's. */
export interface TrainOptions {
  /** Default 512. */
  readonly hiddenSize?: number;
  /** Default `"tanh"`. */
  readonly activation?: Activation;
  /** Recurrent layers, one above the other. Default 1. */
  readonly numLayers?: number;
  /** How often to go through the corpus. Default 500. */
  readonly epochs?: number;
  /** Step size of gradient descent, above 0. Default 1. */
  readonly learningRate?: number;
  /** Global norm that gradients are scaled down to; 0: they are not. Default 1. */
  readonly clipNorm?: number;
  /** Rows of a minibatch. Default 32. */
  readonly batchSize?: number;
  /** Tokens of a row, the reach of backpropagation. Default 35. */
  readonly numSteps?: number;
  /** Default `"sequential"`: the state is carried from minibatch to minibatch. */
  readonly sampling?: Sampling;
  /** Zero the state at every minibatch, as random sampling always does. Default false. */
  readonly resetState?: boolean;
  /** Standard deviation of the initial weights. Default 0.01. */
  readonly sigma?: number;
  /** Seed of every random draw. Default 0. */
  readonly seed?: number;
  /** Initial parameters, in place of drawn ones. */
  readonly parameters?: Parameters;
  /** Tokens to leave out at the start of every epoch, in place of a drawn number. */
  readonly offset?: number;
  /** Epochs from one checkpoint event to the next; 0: only at the end. Default 0. */
  readonly checkpointEvery?: number;
  /** Ends training early: the work in hand is finished, a last checkpoint given. */
  readonly signal?: AbortSignal;
  /** The clock behind `seconds`; it has no part in any other result. */
  readonly clock?: Clock;
}

/** Measurements of one epoch, taken while the parameters changed. */
export interface EpochEvent {
  /** Tells the events apart. */
  readonly type: "epoch";
  /** From 1 on. */
  readonly epoch: number;
  /** Mean cross-entropy, in nats per token. */
  readonly loss: number;
  /** `exp(loss)`. */
  readonly perplexity: number;
  /** Tokens predicted. */
  readonly tokens: number;
  /** Mean over the minibatches of the global norm before clipping. */
  readonly gradientNorm: number;
  /** Step size of gradient descent. */
  readonly learningRate: number;
  /** Minibatches whose gradient was not finite and which changed nothing. */
  readonly skipped: number;
  /** Time that its minibatches took. */
  readonly seconds: number;
  /** `tokens / seconds`. */
  readonly tokensPerSecond: number;
  /** Loss of each minibatch. */
  readonly losses: readonly number[];
  /** Global norm before clipping of each minibatch. */
  readonly gradientNorms: readonly number[];
}

/** The model as it is after the epoch event before. */
export interface CheckpointEvent {
  /** Tells the events apart. */
  readonly type: "checkpoint";
  /** The model, in memory: see `encodeCheckpoint`. */
  readonly checkpoint: Checkpoint;
}

/** What {@linkcode train} yields. */
export type TrainEvent = EpochEvent | CheckpointEvent;

/** Three minibatches in a row had a gradient that was not finite. */
export class DivergenceError extends Error {
  /** Tells this error from others. */
  override readonly name = "DivergenceError";
}

/** How many minibatches in a row may be skipped before training stops. */
const PATIENCE = 3;

/** What a chunk of minibatches is to take. */
const CHUNK_MILLISECONDS = 80;

/**
 * Trains a model by truncated backpropagation through time and clipped gradient
 * descent, as d2l 8.5.6 does, and yields what happens: an event an epoch, and a
 * checkpoint every `checkpointEvery` epochs and at the end. Nothing happens until
 * the first event is asked for; `break` ends training and frees all tensors.
 *
 * The same corpus, options and backend give the same results to the bit.
 *
 * @throws {RangeError} If a setting is out of its range or the corpus too short.
 * @throws {DivergenceError} If three minibatches in a row have a gradient that is
 * not finite; a checkpoint of the last good parameters comes first. (Minibatches
 * that were queued up behind the third have been trained on if theirs are finite.)
 *
 * @example
 * ```ts
 * import { openReference } from "./backend/reference/reference_backend.ts";
 * import { tokenize } from "./tokenize.ts";
 * import { train } from "./train.ts";
 *
 * using backend = openReference();
 * const corpus = tokenize("the time traveller came back in time for tea");
 * const options = { hiddenSize: 8, batchSize: 2, numSteps: 6, epochs: 2 };
 * for await (const event of train(corpus, backend, options)) {
 *   if (event.type === "epoch") console.assert(event.perplexity < 20);
 * }
 * ```
 */
export async function* train(
  corpus: Corpus,
  backend: Backend,
  options: TrainOptions = {},
): AsyncGenerator<TrainEvent, void> {
  const {
    hiddenSize = 512,
    activation = "tanh",
    numLayers = 1,
    epochs = 500,
    checkpointEvery = 0,
    signal,
    clock = monotonicClock,
  } = options;
  const training = trainingRecord(options);
  const { batchSize, numSteps, seed, sigma } = training;
  assertRange("number of epochs", epochs, 1, true);
  assertRange("checkpointEvery", checkpointEvery, 0, true);
  const config: ModelConfig = {
    cell: "rnn",
    activation,
    vocabularySize: corpus.vocabulary.tokens.length,
    hiddenSize,
    numLayers,
  };
  const description = {
    config,
    tokenizer: corpus.tokenizer,
    vocabulary: corpus.vocabulary,
    corpus: {
      name: corpus.name,
      tokens: corpus.ids.length,
      sha256: await corpusDigest(corpus.ids),
    },
    training,
    provenance: `weena on ${backend.description}`,
  };

  const { offset } = options;
  partition(corpus.ids, { ...training, offset }); // refuses what does not fit
  const steps = schedule(corpus.ids, epochs, { ...training, offset });
  using model = new LanguageModel(backend, config, {
    batchSize,
    numSteps,
    trains: true,
  });
  model.write(
    options.parameters ?? initializeParameters(config, { seed, sigma }),
  );
  using runner = new ChunkRunner(backend, model, training);

  let progress = { epochs: 0, minibatches: 0, tokens: 0 };
  let loss = NaN, size = 1, skippedInRow = 0, lastTurn = clock();
  let seconds = 0;
  let measured: MinibatchResult[] = [];
  const checkpointEvent = async (): Promise<CheckpointEvent> => ({
    type: "checkpoint",
    checkpoint: {
      ...description,
      parameters: await model.read(),
      progress,
      loss,
    },
  });

  for (let done = false; !done && !signal?.aborted;) {
    const chunk = takeChunk(steps, size, checkpointEvery);
    const start = clock();
    const results = await runner.run(chunk);
    const elapsed = clock() - start;
    size = nextChunkSize(size, elapsed, {
      targetMilliseconds: CHUNK_MILLISECONDS,
      limit: runner.capacity,
    });
    for (const [i, step] of chunk.entries()) {
      const result = results[i];
      measured.push(result);
      seconds += elapsed / 1000 / chunk.length;
      const tokens = progress.tokens + batchSize * numSteps;
      progress = { ...progress, minibatches: step.index + 1, tokens };
      skippedInRow = Number.isFinite(result.norm) ? 0 : skippedInRow + 1;
      if (skippedInRow === PATIENCE) {
        yield await checkpointEvent();
        throw new DivergenceError(
          `Training diverged in epoch ${step.epoch + 1}, minibatch ` +
            `${step.index + 1}: the gradient was not finite ${PATIENCE} ` +
            `times in a row. Use a smaller learning rate, or clip the gradients`,
        );
      }
      if (!step.endsEpoch) continue;
      const { learningRate } = training;
      const event = summarize(measured, seconds, batchSize * numSteps);
      progress = { epochs: step.epoch + 1, minibatches: 0, tokens };
      loss = event.loss;
      yield { type: "epoch", epoch: step.epoch + 1, learningRate, ...event };
      seconds = 0;
      measured = [];
      done = step.epoch + 1 === epochs;
      if (done || isDue(step.epoch + 1, checkpointEvery)) {
        yield await checkpointEvent();
      }
    }
    if (clock() - lastTurn > CHUNK_MILLISECONDS / 2) {
      await turn();
      lastTurn = clock();
    }
  }
  if (signal?.aborted && progress.epochs < epochs) {
    yield await checkpointEvent();
  }
}

/** An epoch's measurements; minibatches that were skipped count for nothing. */
function summarize(
  results: readonly MinibatchResult[],
  seconds: number,
  tokensEach: number,
) {
  const good = results.filter(({ norm }) => Number.isFinite(norm));
  const mean = (of: "loss" | "norm") =>
    weightedMean(good.map((result) => ({
      mean: result[of],
      tokens: tokensEach,
    })));
  const loss = mean("loss");
  const tokens = good.length * tokensEach;
  return {
    loss,
    perplexity: perplexity(loss),
    tokens,
    gradientNorm: mean("norm"),
    skipped: results.length - good.length,
    seconds,
    tokensPerSecond: tokens / seconds,
    losses: results.map((result) => result.loss),
    gradientNorms: results.map((result) => result.norm),
  };
}

/** The options that a checkpoint records, with their defaults, checked. */
function trainingRecord(
  {
    batchSize = 32,
    numSteps = 35,
    sampling = "sequential",
    resetState = false,
    learningRate = 1,
    clipNorm = 1,
    sigma = 0.01,
    seed = 0,
  }: TrainOptions,
): TrainingRecord {
  assertRange("learning rate", learningRate, Number.MIN_VALUE, false);
  assertRange("clip norm", clipNorm, 0, false);
  return {
    batchSize,
    numSteps,
    sampling,
    resetState,
    learningRate,
    clipNorm,
    sigma,
    seed,
  };
}

function assertRange(
  name: string,
  value: number,
  least: number,
  whole: boolean,
): void {
  if (
    Number.isFinite(value) && value >= least &&
    (!whole || Number.isSafeInteger(value))
  ) return;
  throw new RangeError(
    `Cannot train with a ${name} of ${value}: expected a ` +
      `${whole ? "whole " : ""}number ` +
      (least === Number.MIN_VALUE ? "above 0" : `from ${least} on`),
  );
}
