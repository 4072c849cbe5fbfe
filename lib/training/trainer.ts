/**
 * The loop of training, from any point of it on.
 *
 * @module
 */

import type { Backend } from "../backend/backend.ts";
import type { ModelConfig } from "../model/config.ts";
import { LanguageModel } from "../model/language_model.ts";
import type { Parameters } from "../model/parameters.ts";
import { partition } from "../partition.ts";
import type { Corpus } from "../tokenize.ts";
import type { Checkpoint, TrainedModel } from "./checkpoint.ts";
import { ChunkRunner } from "./chunk_runner.ts";
import { measure, type Prediction } from "./evaluation.ts";
import { learningRateAt } from "./learning_rate.ts";
import { perplexity, weightedMean } from "./metrics.ts";
import { Optimizer } from "./optimizer.ts";
import { type Clock, monotonicClock, nextChunkSize, turns } from "./pace.ts";
import { isDue, schedule, type Step, takeChunk } from "./schedule.ts";
import type { TrainingRecord } from "./settings.ts";
import type { MinibatchResult, TrainingState } from "./training_state.ts";

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
  /** How well the model at the epoch's end predicts the text that was held out. */
  readonly validation?: Prediction;
  /** Mean over the minibatches of the global norm before clipping. */
  readonly gradientNorm: number;
  /** Step size of the last minibatch. */
  readonly learningRate: number;
  /** Minibatches whose gradient was not finite and which changed nothing. */
  readonly skipped: number;
  /** Time that its minibatches took, those before a resumption left out. */
  readonly seconds: number;
  /** Tokens in those seconds, by them. */
  readonly tokensPerSecond: number;
  /** Loss of each minibatch. */
  readonly losses: readonly number[];
  /** Global norm before clipping of each minibatch. */
  readonly gradientNorms: readonly number[];
}

/** The model as it is after the events before, with all that resuming needs. */
export interface CheckpointEvent {
  /** Tells the events apart. */
  readonly type: "checkpoint";
  /**
   * `best`: it predicts the held-out text better than any before; `due`: it is one of
   * those asked for; `last`: training is done; `stopped`: by the signal; `diverged`:
   * an error follows, and the checkpoint has no state to go on from.
   */
  readonly reason: "best" | "due" | "last" | "stopped" | "diverged";
  /** The model, in memory: see `encodeCheckpoint`. */
  readonly checkpoint: Checkpoint;
}

/** The model to generate some text with, to see how far it is. */
export interface SampleEvent {
  /** Tells the events apart. */
  readonly type: "sample";
  /** From 1 on. */
  readonly epoch: number;
  /** The model as it is after the epoch. */
  readonly model: TrainedModel;
}

/** How far an epoch is, given between the chunks of its minibatches. */
export interface ProgressEvent {
  /** Tells the events apart. */
  readonly type: "progress";
  /** From 1 on. */
  readonly epoch: number;
  /** Minibatches of the epoch that are done, from 1 to below `count`. */
  readonly minibatch: number;
  /** Minibatches of the epoch. */
  readonly count: number;
  /** Mean cross-entropy of those that are done, in nats per token. */
  readonly loss: number;
  /** Speed of those that are done, those before a resumption left out. */
  readonly tokensPerSecond: number;
}

/** What training yields. */
export type TrainEvent =
  | EpochEvent
  | CheckpointEvent
  | SampleEvent
  | ProgressEvent;

/** Three minibatches in a row had a gradient that was not finite. */
export class DivergenceError extends Error {
  /** Tells this error from others. */
  override readonly name = "DivergenceError";
}

/** Where training starts: at its beginning, or where it was stopped. */
export interface Start {
  readonly config: ModelConfig;
  readonly training: TrainingRecord;
  /** SHA-256 of the corpus' ids. */
  readonly corpusDigest: string;
  /** Called once there is room for them on the device. */
  readonly parameters: () => Parameters;
  readonly progress: Checkpoint["progress"];
  readonly loss: number;
  readonly validationLoss: number;
  readonly state?: TrainingState;
}

/** What changes no result: when something is yielded, and when to end early. */
export interface Loop {
  readonly checkpointEvery: number;
  readonly checkpointSeconds: number;
  readonly sampleEvery: number;
  readonly progress: boolean;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

/** How many minibatches in a row may be skipped before training stops. */
const MOST_SKIPPED = 3;

/** What a chunk of minibatches is to take. */
const CHUNK_MILLISECONDS = 80;

/** Trains from `start` to the last epoch, or until the signal. */
export async function* runTraining(
  corpus: Corpus,
  backend: Backend,
  start: Start,
  { clock = monotonicClock, signal, ...loop }: Loop,
): AsyncGenerator<TrainEvent, void> {
  const { config, training } = start;
  const { batchSize, numSteps, epochs } = training;
  using model = new LanguageModel(backend, config, {
    batchSize,
    numSteps,
    trains: true,
    dropout: training.dropout,
  });
  using optimizer = new Optimizer(backend, model, training);
  using runner = new ChunkRunner(backend, model, optimizer, training);
  model.write(start.parameters());
  if (start.state) {
    model.writeStates(start.state.states);
    optimizer.write(start.state.moments);
  }

  let { progress, loss, validationLoss } = start;
  let { updates, skippedInRow, best } = start.state ?? FRESH;
  let measured = [...start.state?.measured ?? []];
  let timed = { seconds: 0, tokens: 0 }, saved = clock();
  let sum = measured.reduce(plus, NOTHING); // of the epoch that is not finished
  const tokensEach = batchSize * numSteps;

  const { tokenizer, vocabulary } = corpus;
  const checkpoint = async (resumable: boolean): Promise<Checkpoint> => {
    const [parameters, states, moments] = await Promise.all([
      model.read(),
      model.readStates(),
      optimizer.read(),
    ]);
    const state = {
      states,
      moments,
      updates,
      skippedInRow,
      measured: [...measured],
      best,
    };
    return {
      config,
      parameters,
      tokenizer,
      vocabulary,
      corpus: {
        name: corpus.name,
        tokens: corpus.ids.length,
        sha256: start.corpusDigest,
        validationTokens: corpus.validation?.length ?? 0,
      },
      training,
      progress,
      loss,
      validationLoss,
      provenance: `weena on ${backend.description}`,
      ...(resumable && { state }),
    };
  };
  const checkpointEvent = async (
    reason: CheckpointEvent["reason"],
  ): Promise<CheckpointEvent> => {
    saved = clock();
    const resumable = reason !== "diverged";
    return {
      type: "checkpoint",
      reason,
      checkpoint: await checkpoint(resumable),
    };
  };
  const isDone = () =>
    progress.epochs >= epochs ||
    training.patience > 0 && best !== undefined &&
      progress.epochs - best.epoch >= training.patience;

  /** What follows the last minibatch of an epoch; nothing if the signal comes first. */
  async function* endEpoch(): AsyncGenerator<TrainEvent, void> {
    const epoch = progress.epochs + 1;
    const validation = corpus.validation && await measure(
      model,
      backend,
      corpus.validation,
      { batchSize, numSteps, clock, signal },
    );
    if (corpus.validation && !validation) return;
    const summary = summarize(measured, tokensEach);
    const part = 1 / measured.length;
    const learningRate = learningRateAt(training, epoch - part, part);
    progress = { ...progress, epochs: epoch, minibatches: 0 };
    loss = summary.loss;
    if (validation) validationLoss = validation.loss;
    measured = [];
    sum = NOTHING;
    const { seconds } = timed;
    const tokensPerSecond = perSecond(timed);
    timed = { seconds: 0, tokens: 0 };
    const rates = { learningRate, seconds, tokensPerSecond };
    yield { type: "epoch", epoch, ...summary, ...rates, validation };
    if (validation && !(validation.loss >= (best?.loss ?? Infinity))) {
      best = { epoch, loss: validation.loss };
      yield await checkpointEvent("best");
    }
    if (isDone()) yield await checkpointEvent("last");
    else if (isDue(epoch, loop.checkpointEvery)) {
      yield await checkpointEvent("due");
    }
    if (isDue(epoch, loop.sampleEvery)) {
      const parameters = await model.read();
      const trained = { config, parameters, tokenizer, vocabulary };
      yield { type: "sample", epoch, model: trained };
    }
  }

  const record = (step: Step, result: MinibatchResult, seconds: number) => {
    measured.push(result);
    sum = plus(sum, result);
    updates++;
    skippedInRow = Number.isFinite(result.norm) ? 0 : skippedInRow + 1;
    timed = {
      seconds: timed.seconds + seconds,
      tokens: timed.tokens + (Number.isFinite(result.norm) ? tokensEach : 0),
    };
    const tokens = progress.tokens + tokensEach;
    progress = { ...progress, minibatches: step.index + 1, tokens };
  };

  const isBoundary = (epochs: number) =>
    corpus.validation !== undefined || isDue(epochs, loop.checkpointEvery) ||
    isDue(epochs, loop.sampleEvery);
  // It may have been stopped between an epoch's last minibatch and its end.
  const { count } = partition(corpus.ids, {
    ...training,
    offset: training.offset ?? undefined,
    epoch: progress.epochs,
  });
  if (progress.minibatches === count && !isDone()) yield* endEpoch();

  const steps = schedule(corpus.ids, training, progress);
  const takeTurn = turns(clock);
  let size = 1, lastTurn = clock();
  while (!isDone() && !signal?.aborted) {
    const chunk = takeChunk(steps, size, isBoundary);
    const begun = clock();
    const results = await runner.run(chunk, updates);
    const elapsed = clock() - begun;
    size = nextChunkSize(size, elapsed, {
      targetMilliseconds: CHUNK_MILLISECONDS,
      limit: runner.capacity,
    });
    for (const [i, step] of chunk.entries()) {
      record(step, results[i], elapsed / 1000 / chunk.length);
      if (skippedInRow >= MOST_SKIPPED) {
        yield await checkpointEvent("diverged");
        throw divergence(step);
      }
      if (step.endsEpoch) yield* endEpoch();
    }
    const { epoch, index, count, endsEpoch } = chunk[chunk.length - 1];
    if (loop.progress && !endsEpoch) {
      yield {
        type: "progress",
        epoch: epoch + 1,
        minibatch: index + 1,
        count,
        loss: sum.loss / sum.minibatches,
        tokensPerSecond: perSecond(timed),
      };
    }
    const { checkpointSeconds: every } = loop;
    if (every > 0 && clock() - saved >= 1000 * every && !isDone()) {
      yield await checkpointEvent("due");
    }
    if (clock() - lastTurn > CHUNK_MILLISECONDS / 2) {
      await takeTurn();
      lastTurn = clock();
    }
  }
  if (!isDone()) yield await checkpointEvent("stopped");
}

/** The state before the first minibatch, but for what the model holds itself. */
const FRESH: Pick<TrainingState, "updates" | "skippedInRow" | "best"> = {
  updates: 0,
  skippedInRow: 0,
  best: undefined,
};

function perSecond({ seconds, tokens }: { seconds: number; tokens: number }) {
  return seconds > 0 ? tokens / seconds : 0;
}

/** A sum over minibatches; those that were skipped count for nothing. */
interface Sum {
  readonly loss: number;
  readonly minibatches: number;
}

const NOTHING: Sum = { loss: 0, minibatches: 0 };

function plus(sum: Sum, { loss, norm }: MinibatchResult): Sum {
  if (!Number.isFinite(norm)) return sum;
  return { loss: sum.loss + loss, minibatches: sum.minibatches + 1 };
}

function divergence(step: Step): DivergenceError {
  return new DivergenceError(
    `Training diverged in epoch ${step.epoch + 1}, minibatch ` +
      `${step.index + 1}: the gradient was not finite ${MOST_SKIPPED} ` +
      `times in a row. Use a smaller learning rate, or clip the gradients`,
  );
}

/** An epoch's measurements; minibatches that were skipped count for nothing. */
function summarize(results: readonly MinibatchResult[], tokensEach: number) {
  const good = results.filter(({ norm }) => Number.isFinite(norm));
  const mean = (of: "loss" | "norm") =>
    weightedMean(good.map((result) => ({
      mean: result[of],
      tokens: tokensEach,
    })));
  const loss = mean("loss");
  return {
    loss,
    perplexity: perplexity(loss),
    tokens: good.length * tokensEach,
    gradientNorm: mean("norm"),
    skipped: results.length - good.length,
    losses: results.map((result) => result.loss),
    gradientNorms: results.map((result) => result.norm),
  };
}
