/**
 * The loop of training, from any point of it on.
 *
 * @module
 */

import type { Backend, Tensor } from "../backend/backend.ts";
import type { ModelConfig } from "../model/config.ts";
import { LanguageModel } from "../model/language_model.ts";
import type { Parameters } from "../model/parameters.ts";
import { partition } from "../partition.ts";
import type { Corpus } from "../text/corpus.ts";
import { BestModel, isBetter } from "./best.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { ChunkRunner } from "./chunk_runner.ts";
import { measure } from "./evaluation.ts";
import {
  type CheckpointEvent,
  DivergenceError,
  type TrainEvent,
} from "./events.ts";
import { learningRateAt } from "./learning_rate.ts";
import { perplexity, weightedMean } from "./metrics.ts";
import { Optimizer } from "./optimizer.ts";
import { type Clock, monotonicClock, nextChunkSize, turns } from "./pace.ts";
import {
  isDue,
  schedule,
  type ScheduledMinibatch,
  takeChunk,
} from "./schedule.ts";
import { isEnded, type TrainingRecord } from "./settings.ts";
import type { MinibatchResult, TrainingState } from "./training_state.ts";

/** Where training starts: at its beginning, or where it was stopped. */
export interface Start {
  readonly config: ModelConfig;
  readonly training: TrainingRecord;
  /** What a checkpoint says of the corpus. */
  readonly corpus: Checkpoint["corpus"];
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

/** What of a training is known beside the tensors on the device, at one moment. */
type Moment =
  & Pick<Checkpoint, "progress" | "loss" | "validationLoss">
  & Pick<TrainingState, "updates" | "skippedInRow" | "measured" | "best">;

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
  const { batchSize, numSteps } = training;
  using model = new LanguageModel(backend, config, {
    batchSize,
    numSteps,
    trains: true,
    dropout: training.dropout,
  });
  using optimizer = new Optimizer(backend, model, training);
  using runner = new ChunkRunner(backend, model, optimizer, training);
  const tensors = [model.parameters, model.states, ...optimizer.moments];
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
  // One that had diverged has as many tries again.
  if (skippedInRow >= MOST_SKIPPED) skippedInRow = 0;
  const tokensEach = batchSize * numSteps;

  const { tokenizer, vocabulary } = corpus;
  const moment = (): Moment => ({
    progress,
    loss,
    validationLoss,
    updates,
    skippedInRow,
    measured: [...measured],
    best,
  });
  const checkpoint = async (
    { progress, loss, validationLoss, ...rest }: Moment,
    [weights, carried, ...moved]: readonly Tensor[],
  ): Promise<Checkpoint> => {
    const [parameters, states, moments] = await Promise.all([
      model.read(weights),
      model.readStates(carried),
      optimizer.read(moved),
    ]);
    return {
      config,
      parameters,
      tokenizer,
      vocabulary,
      corpus: start.corpus,
      training,
      progress,
      loss,
      validationLoss,
      provenance: `weena on ${backend.description}`,
      state: { ...rest, states, moments },
    };
  };
  using bestModel = new BestModel(backend, tensors, checkpoint);
  async function* checkpoints(
    reason: CheckpointEvent["reason"],
  ): AsyncGenerator<CheckpointEvent, void> {
    saved = clock();
    const type = "checkpoint";
    const kept = await bestModel.take();
    if (kept) yield { type, reason: "best", checkpoint: kept };
    yield { type, reason, checkpoint: await checkpoint(moment(), tensors) };
  }
  const isDone = () => isEnded(training, progress.epochs, best);

  /**
   * What follows the last minibatch of an epoch; nothing if the signal comes first.
   *
   * @param copy Which copy there is of the model as it was then; without it, the
   * model is still so.
   */
  async function* endEpoch(copy?: number): AsyncGenerator<TrainEvent, void> {
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
    const judged = validation?.loss ?? loss;
    if (isBetter(judged, best)) {
      best = { epoch, loss: judged };
      await bestModel.keep(moment(), copy);
    }
    const rates = { learningRate, seconds, tokensPerSecond };
    yield { type: "epoch", epoch, ...summary, ...rates, validation };
    const isLast = isDone();
    if (loop.sampleEvery > 0 && (isLast || isDue(epoch, loop.sampleEvery))) {
      const parameters = await model.read();
      const trained = { config, parameters, tokenizer, vocabulary };
      yield { type: "sample", epoch, model: trained, isLast };
    }
    if (isLast) yield* checkpoints("last");
    else if (isDue(epoch, loop.checkpointEvery)) yield* checkpoints("due");
  }

  const record = (
    step: ScheduledMinibatch,
    result: MinibatchResult,
    seconds: number,
  ) => {
    measured.push(result);
    sum = plus(sum, result);
    updates++;
    skippedInRow = isGood(result) ? 0 : skippedInRow + 1;
    timed = {
      seconds: timed.seconds + seconds,
      tokens: timed.tokens + (isGood(result) ? tokensEach : 0),
    };
    const tokens = progress.tokens + tokensEach;
    progress = { ...progress, minibatches: step.index + 1, tokens };
  };

  /** Whether a chunk is not to go on behind the end of an epoch. */
  const boundaries = () => {
    let ends = 0;
    return (epochs: number) =>
      ++ends > bestModel.capacity || corpus.validation !== undefined ||
      isDue(epochs, loop.checkpointEvery) || isDue(epochs, loop.sampleEvery);
  };
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
    const chunk = takeChunk(steps, size, boundaries());
    const last = chunk.length - 1;
    const copies = new Map<number, number>(); // by place in the chunk
    const begun = clock();
    const results = await runner.run(chunk, updates, (i) => {
      if (!chunk[i].endsEpoch || i === last) return;
      bestModel.copyEnd(copies.size);
      copies.set(i, copies.size);
    });
    const elapsed = clock() - begun;
    size = nextChunkSize(size, elapsed, {
      targetMilliseconds: CHUNK_MILLISECONDS,
      limit: runner.capacity,
    });
    let divergedAt: ScheduledMinibatch | undefined;
    for (const [i, step] of chunk.entries()) {
      record(step, results[i], elapsed / 1000 / chunk.length);
      if (skippedInRow >= MOST_SKIPPED) divergedAt ??= step;
      // What was queued up behind is part of the model, where it changed anything.
      if (divergedAt && !results.slice(i + 1).some(isGood)) break;
      if (step.endsEpoch) yield* endEpoch(copies.get(i));
    }
    if (divergedAt) {
      if (!isDone()) yield* checkpoints("diverged");
      throw divergence(divergedAt);
    }
    const { epoch, index, count, endsEpoch } = chunk[last];
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
      yield* checkpoints("due");
    }
    if (clock() - lastTurn > CHUNK_MILLISECONDS / 2) {
      await takeTurn();
      lastTurn = clock();
    }
  }
  if (!isDone()) yield* checkpoints("stopped");
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

function plus(sum: Sum, result: MinibatchResult): Sum {
  if (!isGood(result)) return sum;
  return { loss: sum.loss + result.loss, minibatches: sum.minibatches + 1 };
}

/** Whether a minibatch changed the parameters. */
function isGood({ norm }: MinibatchResult): boolean {
  return Number.isFinite(norm);
}

function divergence(step: ScheduledMinibatch): DivergenceError {
  return new DivergenceError(
    `Training diverged in epoch ${step.epoch + 1}, minibatch ` +
      `${step.index + 1}: the gradient was not finite ${MOST_SKIPPED} ` +
      `times in a row. Use a smaller learning rate, or clip the gradients`,
  );
}

/** An epoch's measurements; minibatches that were skipped count for nothing. */
function summarize(results: readonly MinibatchResult[], tokensEach: number) {
  const good = results.filter(isGood);
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
