/**
 * The loop of a training, from any point of it on, on one device.
 *
 * @module
 */

import type { Backend } from "../backend/backend.ts";
import type { Corpus } from "../text/corpus.ts";
import {
  type CheckpointEvent,
  DivergenceError,
  type TrainEvent,
} from "./events.ts";
import { type MeasuredPart, predictionOf } from "./evaluation.ts";
import { learningRateAt } from "./learning_rate.ts";
import {
  ModelInTraining,
  type Start,
  startFrom,
  type Weights,
} from "./model_in_training.ts";
import { type Clock, monotonicClock, Pace } from "./pace.ts";
import type { RecoveryOptions } from "./recovery.ts";
import { trainAgain } from "./train_again.ts";
import { changesModel, type DoneChunk, WorkQueue } from "./work_queue.ts";
import {
  afterEpoch,
  afterMinibatches,
  divergedAt,
  firstPosition,
  MOST_SKIPPED,
  type Position,
} from "./position.ts";
import {
  isDue,
  isTrainedOn,
  minibatchCount,
  type ScheduledMinibatch,
  type Work,
  workFrom,
} from "./schedule.ts";
import { isEnded } from "./settings.ts";
import type { Snapshot } from "./snapshot.ts";

/** What changes no result: when something is yielded, and when to end early. */
export interface Loop {
  readonly checkpointEvery: number;
  readonly checkpointSeconds: number;
  readonly sampleEvery: number;
  readonly progress: boolean;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  readonly reopen?: RecoveryOptions["reopen"];
}

/** The loop over the minibatches of a model in training. */
export class Trainer implements Disposable {
  readonly #corpus: Corpus;
  readonly #loop: Loop;
  readonly #clock: Clock;
  readonly #model: ModelInTraining;
  readonly #pace: Pace;
  /** Where training began, or the last checkpoint. */
  #start: Start;
  #position: Position;
  /** The text held out, as far as it is measured at the end of an epoch. */
  #measured: MeasuredPart[] = [];
  /** When the last checkpoint was given or asked for. */
  #saved: number;
  /** Whether training ends before it is done. */
  #isStopped = false;

  constructor(corpus: Corpus, backend: Backend, start: Start, loop: Loop) {
    this.#corpus = corpus;
    this.#loop = loop;
    this.#clock = loop.clock ?? monotonicClock;
    this.#model = new ModelInTraining(corpus, backend, start);
    this.#pace = new Pace(this.#clock, { limit: this.#model.capacity });
    this.#start = start;
    const { batchSize, numSteps } = start.training;
    this.#position = firstPosition(start, batchSize * numSteps);
    this.#saved = this.#clock();
  }

  /** Trains to the last epoch, or until the signal. */
  async *run(): AsyncGenerator<TrainEvent, void> {
    if (this.#isDone) return;
    // It may have been stopped between an epoch's last minibatch and its end.
    if (!this.#corpus.validation && this.#isAtEndOfEpoch()) {
      yield* this.#endEpoch();
    }
    const queue = this.#workQueue();
    while (!this.#isDone && !this.#isStopped) {
      const chunk = await queue.next();
      if (chunk) yield* this.#follow(chunk, queue);
      else yield* this.#stop();
      await this.#pace.turn();
    }
  }

  /** Frees all that is on the device. */
  [Symbol.dispose](): void {
    this.#model[Symbol.dispose]();
  }

  #workQueue(): WorkQueue {
    const { training } = this.#start;
    const { progress, updates } = this.#position;
    const { checkpointEvery, sampleEvery, signal } = this.#loop;
    return new WorkQueue({
      model: this.#model,
      work: workFrom(this.#corpus, training, progress),
      updates,
      epochs: training.epochs,
      endsChunk: (epochs) =>
        isDue(epochs, checkpointEvery) || isDue(epochs, sampleEvery),
      pace: this.#pace,
      clock: this.#clock,
      signal,
      wantsWeights: () => this.#isSaveDue(),
    });
  }

  /** What follows from a chunk that is done; ends the epochs that end in it. */
  async *#follow(
    chunk: DoneChunk,
    queue: WorkQueue,
  ): AsyncGenerator<TrainEvent, void> {
    const { work, results, snapshots, weights, secondsEach } = chunk;
    for (let begin = 0, end: number; begin < work.length; begin = end) {
      const last = work.findIndex((one, i) => i >= begin && one.endsEpoch);
      end = last < 0 ? work.length : last + 1;
      const trained = results.slice(begin, end)
        .filter((_, i) => isTrainedOn(work[begin + i]));
      const at = divergedAt(trained, this.#position.skippedInRow);
      const counted = trained.slice(0, at === undefined ? undefined : at + 1);
      const seconds = counted.length * secondsEach;
      this.#position = afterMinibatches(this.#position, counted, seconds);
      if (at !== undefined) {
        return yield* this.#diverge(chunk, begin + at, queue);
      }
      for (let i = begin + trained.length; i < end; i++) {
        const { numSteps } = work[i].minibatch;
        this.#measured.push({ loss: results[i].loss, numSteps });
      }
      if (last < 0) break;
      yield* this.#endEpoch(snapshots.get(last));
      if (this.#isDone || this.#isStopped) return;
    }
    yield* this.#progress(work[work.length - 1]);
    const isSaved = this.#position.progress === this.#start.progress;
    if (weights && !isSaved) yield* this.#checkpoints("due", weights);
  }

  /**
   * What follows the last minibatch of an epoch. A signal that is given meanwhile, by
   * who takes the events, ends training here: what is queued behind it is dropped.
   */
  async *#endEpoch(snapshot?: Snapshot): AsyncGenerator<TrainEvent, void> {
    const { sampleEvery, checkpointEvery, signal } = this.#loop;
    const wasAborted = signal?.aborted;
    const { training } = this.#start;
    const parts = this.#measured.splice(0);
    const validation = this.#corpus.validation &&
      predictionOf(parts, training.batchSize);
    const { summary } = this.#position.sums;
    this.#position = afterEpoch(this.#position, validation);
    const { progress: { epochs: epoch }, best } = this.#position;
    const isBest = best?.epoch === epoch;
    if (isBest) await this.#model.keepBest(this.#position, snapshot);
    const part = 1 / summary.losses.length;
    const learningRate = learningRateAt(training, epoch - part, part);
    yield { type: "epoch", epoch, ...summary, learningRate, validation };
    const isLast = this.#isDone;
    if (sampleEvery > 0 && (isLast || isDue(epoch, sampleEvery))) {
      const model = await this.#model.trainedModel(snapshot);
      yield { type: "sample", epoch, model, isLast };
    }
    if (isLast || isDue(epoch, checkpointEvery)) {
      const weights = this.#model.weights(snapshot);
      yield* this.#checkpoints(isLast ? "last" : "due", weights);
    }
    if (signal?.aborted && !wasAborted && !isLast) yield* this.#stop(snapshot);
    if (snapshot && !isBest) this.#model.release(snapshot);
  }

  /** Ends training before it is done. */
  async *#stop(snapshot?: Snapshot): AsyncGenerator<TrainEvent, void> {
    this.#isStopped = true;
    yield* this.#checkpoints("stopped", this.#model.weights(snapshot));
  }

  /** How far training is within an epoch, if that is wanted. */
  *#progress(last: Work): Generator<TrainEvent, void> {
    if (!this.#loop.progress || !isTrainedOn(last)) return;
    const { progress, sums: { loss, tokensPerSecond } } = this.#position;
    const { count } = last;
    if (progress.minibatches === 0 || progress.minibatches === count) return;
    yield { type: "progress", progress, count, loss, tokensPerSecond };
  }

  /** The best model, if it was not given yet, then the model as it is. */
  async *#checkpoints(
    reason: CheckpointEvent["reason"],
    weights: Promise<Weights>,
  ): AsyncGenerator<CheckpointEvent, void> {
    this.#saved = this.#clock();
    const type = "checkpoint";
    const [best, read] = await Promise.all([this.#model.takeBest(), weights]);
    const checkpoint = this.#model.checkpoint(this.#position, read);
    this.#start = startFrom(checkpoint);
    if (best) yield { type, reason: "best", checkpoint: best };
    yield { type, reason, checkpoint };
  }

  /**
   * Ends a training that has diverged, with the model as it is behind the minibatch
   * with this place in a chunk. If anything that was queued behind it has changed the
   * model, it is trained again from the last checkpoint.
   */
  async *#diverge(
    { work, results }: DoneChunk,
    at: number,
    queue: WorkQueue,
  ): AsyncGenerator<TrainEvent, never> {
    const { epoch, index } = work[at] as ScheduledMinibatch;
    const behind = { work: work.slice(at + 1), results: results.slice(at + 1) };
    if ([behind, ...await queue.drain()].some(changesModel)) {
      const { ids } = this.#corpus;
      const { updates } = this.#position;
      await trainAgain(this.#model, ids, this.#start, updates, this.#pace);
    }
    yield* this.#checkpoints("diverged", this.#model.weights());
    throw new DivergenceError(
      `Training diverged in epoch ${epoch + 1}, minibatch ${index + 1}: the ` +
        `gradient was not finite ${MOST_SKIPPED} times in a row. Use a smaller ` +
        `learning rate, or clip the gradients`,
    );
  }

  get #isDone(): boolean {
    const { progress, best } = this.#position;
    return isEnded(this.#start.training, progress.epochs, best);
  }

  #isAtEndOfEpoch(): boolean {
    const { epochs, minibatches } = this.#position.progress;
    const { training } = this.#start;
    return minibatches === minibatchCount(this.#corpus.ids, training, epochs);
  }

  /** Whether it is time for a checkpoint by the clock. */
  #isSaveDue(): boolean {
    const { checkpointSeconds: every } = this.#loop;
    if (every === 0 || this.#clock() - this.#saved < 1000 * every) return false;
    this.#saved = this.#clock();
    return true;
  }
}
