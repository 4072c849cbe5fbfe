/**
 * The loop of training, from any point of it on.
 *
 * @module
 */

import type { Backend } from "../backend/backend.ts";
import { partition } from "../partition.ts";
import type { Corpus } from "../text/corpus.ts";
import {
  type CheckpointEvent,
  DivergenceError,
  type TrainEvent,
} from "./events.ts";
import { learningRateAt } from "./learning_rate.ts";
import { ModelInTraining, type Start } from "./model_in_training.ts";
import { type Clock, monotonicClock, Pace } from "./pace.ts";
import {
  afterEpoch,
  afterMinibatches,
  divergence,
  firstPosition,
  MOST_SKIPPED,
  type Position,
} from "./position.ts";
import {
  isDue,
  schedule,
  type ScheduledMinibatch,
  takeChunk,
} from "./schedule.ts";
import { isEnded } from "./settings.ts";

/** What changes no result: when something is yielded, and when to end early. */
export interface Loop {
  readonly checkpointEvery: number;
  readonly checkpointSeconds: number;
  readonly sampleEvery: number;
  readonly progress: boolean;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

/** Trains from `start` to the last epoch, or until the signal. */
export async function* runTraining(
  corpus: Corpus,
  backend: Backend,
  start: Start,
  loop: Loop,
): AsyncGenerator<TrainEvent, void> {
  using trainer = new Trainer(corpus, backend, start, loop);
  yield* trainer.run();
}

/** The loop over the minibatches of a model in training. */
class Trainer implements Disposable {
  readonly #corpus: Corpus;
  readonly #start: Start;
  readonly #loop: Loop;
  readonly #clock: Clock;
  readonly #model: ModelInTraining;
  readonly #pace: Pace;
  /** When the last checkpoint was given. */
  #saved: number;

  constructor(corpus: Corpus, backend: Backend, start: Start, loop: Loop) {
    this.#corpus = corpus;
    this.#start = start;
    this.#loop = loop;
    this.#clock = loop.clock ?? monotonicClock;
    this.#model = new ModelInTraining(corpus, backend, start);
    this.#pace = new Pace(this.#clock, { limit: this.#model.capacity });
    this.#saved = this.#clock();
  }

  /** Trains to the last epoch, or until the signal. */
  async *run(): AsyncGenerator<TrainEvent, void> {
    const { training } = this.#start;
    const tokensEach = training.batchSize * training.numSteps;
    let position = firstPosition(this.#start, tokensEach);
    // It may have been stopped between an epoch's last minibatch and its end.
    if (this.#isAtEndOfEpoch(position) && !this.#isDone(position)) {
      position = yield* this.#endEpoch(position);
    }
    const { ids } = this.#corpus;
    const minibatches = schedule(ids, training, position.progress);
    while (!this.#isDone(position) && !this.#loop.signal?.aborted) {
      const chunk = takeChunk(minibatches, this.#pace.size, this.#boundaries());
      position = yield* this.#train(chunk, position);
      const { progress: isWanted, checkpointSeconds: every } = this.#loop;
      const last = chunk[chunk.length - 1];
      if (isWanted && !last.endsEpoch) {
        const { progress, sums: { loss, tokensPerSecond } } = position;
        const { count } = last;
        yield { type: "progress", progress, count, loss, tokensPerSecond };
      }
      const isSaveDue = every > 0 &&
        this.#clock() - this.#saved >= 1000 * every;
      if (isSaveDue && !this.#isDone(position)) {
        yield* this.#checkpoints("due", position);
      }
      await this.#pace.turn();
    }
    if (!this.#isDone(position)) yield* this.#checkpoints("stopped", position);
  }

  /** Frees all that is on the device. */
  [Symbol.dispose](): void {
    this.#model[Symbol.dispose]();
  }

  /** Trains on a chunk, and ends the epochs that end in it. */
  async *#train(
    chunk: readonly ScheduledMinibatch[],
    position: Position,
  ): AsyncGenerator<TrainEvent, Position> {
    const { result: { results, copies }, milliseconds } = await this.#pace
      .timed(() => this.#model.run(chunk, position.updates));
    const secondsEach = milliseconds / 1000 / chunk.length;
    const { counted, at } = divergence(results, position.skippedInRow);
    // Epoch by epoch, as far as minibatches count.
    for (let begin = 0, end: number; begin < counted; begin = end) {
      const last = chunk.findIndex((one, i) => i >= begin && one.endsEpoch);
      end = last < 0 ? counted : Math.min(counted, last + 1);
      const seconds = (end - begin) * secondsEach;
      const part = results.slice(begin, end);
      position = afterMinibatches(position, part, seconds);
      const isLastCounted = at !== undefined && end === counted;
      if (chunk[end - 1].endsEpoch && !isLastCounted) {
        position = yield* this.#endEpoch(position, copies.get(end - 1));
      }
    }
    if (at === undefined) return position;
    yield* this.#checkpoints("diverged", position);
    throw divergenceError(chunk[at]);
  }

  /**
   * What follows the last minibatch of an epoch; nothing if the signal comes first.
   *
   * @param copy Which copy there is of the model as it was then; without it, the
   * model is still so.
   */
  async *#endEpoch(
    before: Position,
    copy?: number,
  ): AsyncGenerator<TrainEvent, Position> {
    const { signal, sampleEvery, checkpointEvery } = this.#loop;
    const validation = await this.#model.validate(this.#clock, signal);
    if (validation === "stopped") return before;
    const position = afterEpoch(before, validation);
    const { epochs: epoch } = position.progress;
    if (position.best?.epoch === epoch) {
      await this.#model.keepBest(position, copy);
    }
    const { summary } = before.sums;
    const part = 1 / summary.losses.length;
    const learningRate = learningRateAt(
      this.#start.training,
      epoch - part,
      part,
    );
    yield { type: "epoch", epoch, ...summary, learningRate, validation };
    const isLast = this.#isDone(position);
    if (sampleEvery > 0 && (isLast || isDue(epoch, sampleEvery))) {
      const model = await this.#model.trainedModel();
      yield { type: "sample", epoch, model, isLast };
    }
    if (isLast) yield* this.#checkpoints("last", position);
    else if (isDue(epoch, checkpointEvery)) {
      yield* this.#checkpoints("due", position);
    }
    return position;
  }

  /** The best model, if it was not given yet, then the model as it is. */
  async *#checkpoints(
    reason: CheckpointEvent["reason"],
    position: Position,
  ): AsyncGenerator<CheckpointEvent, void> {
    this.#saved = this.#clock();
    const type = "checkpoint";
    const best = await this.#model.takeBest();
    if (best) yield { type, reason: "best", checkpoint: best };
    const checkpoint = await this.#model.checkpoint(position);
    yield { type, reason, checkpoint };
  }

  #isDone({ progress, best }: Position): boolean {
    return isEnded(this.#start.training, progress.epochs, best);
  }

  #isAtEndOfEpoch({ progress }: Position): boolean {
    const { training } = this.#start;
    const { count } = partition(this.#corpus.ids, {
      ...training,
      offset: training.offset ?? undefined,
      epoch: progress.epochs,
    });
    return progress.minibatches === count;
  }

  /** Whether a chunk is not to go on behind the end of an epoch. */
  #boundaries(): (epochs: number) => boolean {
    const { checkpointEvery, sampleEvery } = this.#loop;
    let ends = 0;
    return (epochs) =>
      ++ends > this.#model.mostEnds || this.#corpus.validation !== undefined ||
      isDue(epochs, checkpointEvery) || isDue(epochs, sampleEvery);
  }
}

function divergenceError(
  { epoch, index }: ScheduledMinibatch,
): DivergenceError {
  return new DivergenceError(
    `Training diverged in epoch ${epoch + 1}, minibatch ${index + 1}: the ` +
      `gradient was not finite ${MOST_SKIPPED} times in a row. Use a smaller ` +
      `learning rate, or clip the gradients`,
  );
}
