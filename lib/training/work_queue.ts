/**
 * Work that is queued on a device ahead of the results that are waited for.
 *
 * @module
 */

import { isSkipped } from "./epoch_sums.ts";
import type { ModelInTraining, Weights } from "./model_in_training.ts";
import type { Clock, Pace } from "./pace.ts";
import type { MinibatchResult } from "./resume_data.ts";
import { isTrainedOn, takeChunk, type Work } from "./schedule.ts";
import type { Snapshot } from "./snapshot.ts";

/** Chunks on the device at a time: it works on one while another is waited for. */
const MOST_CHUNKS = 2;

/** A chunk of work that is done. */
export interface DoneChunk {
  readonly work: readonly Work[];
  /** Of each piece of work. */
  readonly results: readonly MinibatchResult[];
  /**
   * The model at the ends of epochs, by their places in the chunk. The last piece may
   * end an epoch without one: then nothing was queued behind it.
   */
  readonly snapshots: ReadonlyMap<number, Snapshot>;
  /** The model behind the chunk, if it was asked for. */
  readonly weights?: Promise<Weights>;
  /** How long each minibatch took that was trained on. */
  readonly secondsEach: number;
}

/** A chunk that a device is at work on. */
interface QueuedChunk
  extends Pick<DoneChunk, "work" | "snapshots" | "weights"> {
  readonly results: Promise<MinibatchResult[]>;
  /** How long it took to queue it. */
  readonly milliseconds: number;
  /** Whether nothing may be queued behind it until it is looked at. */
  readonly isBarrier: boolean;
}

/** What a queue of work is made of. */
export interface WorkQueueOptions {
  readonly model: ModelInTraining;
  /** Minibatches in order. */
  readonly work: Generator<Work, void>;
  /** How many updates there were before them. */
  readonly updates: number;
  /** Epochs after which nothing follows. */
  readonly epochs: number;
  /** Whether so much is to be done after an epoch that no chunk goes on behind it. */
  readonly endsChunk: (epochs: number) => boolean;
  /** Decides the sizes of chunks. */
  readonly pace: Pace;
  readonly clock: Clock;
  /** When it is given, nothing more is queued. */
  readonly signal?: AbortSignal;
  /** Asked of each chunk that is queued: whether the model behind it is wanted. */
  readonly wantsWeights: () => boolean;
}

/**
 * The chunks of a training: while the results of one are waited for, the next is on
 * the device already. In Deno the call of a read lasts until the GPU is idle, and its
 * answer comes 10 ms later: in that time the GPU is at work on the next chunk. A device
 * that computes while it is told what to do is none the slower for that.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #queued: QueuedChunk[] = [];
  #updates: number;
  /** What queuing failed by: it is told when the chunks before have had their turn. */
  #failure?: { readonly error: unknown };

  /** Queues nothing yet. */
  constructor(options: WorkQueueOptions) {
    this.#options = options;
    this.#updates = options.updates;
  }

  /**
   * The results of the oldest chunk, once the next one is queued; undefined when all
   * work is done or, after the signal, all that was queued.
   */
  async next(): Promise<DoneChunk | undefined> {
    this.#fill();
    const oldest = this.#queued.shift();
    if (!oldest) {
      if (this.#failure) throw this.#failure.error;
      return undefined;
    }
    const { clock, pace } = this.#options;
    const begun = clock();
    const results = await oldest.results;
    const milliseconds = oldest.milliseconds + clock() - begun;
    pace.took(milliseconds, oldest.work.length);
    const share = shareOfMinibatch(oldest.work);
    return { ...oldest, results, secondsEach: milliseconds / 1000 * share };
  }

  /** The results of all that is queued; nothing more is. */
  async drain(): Promise<Pick<DoneChunk, "work" | "results">[]> {
    const chunks = this.#queued.splice(0);
    return await Promise.all(
      chunks.map(async ({ work, results }) => ({
        work,
        results: await results,
      })),
    );
  }

  #fill(): void {
    try {
      while (this.#hasRoom() && this.#queue());
    } catch (error) {
      this.#failure = { error };
    }
  }

  #hasRoom(): boolean {
    return this.#queued.length < MOST_CHUNKS && !this.#failure &&
      !this.#queued.some(({ isBarrier }) => isBarrier) &&
      !this.#options.signal?.aborted;
  }

  /** Queues a chunk; whether there was any work left. */
  #queue(): boolean {
    const { model, work, epochs, endsChunk, pace, clock, signal } =
      this.#options;
    const begun = clock();
    // Room is left for the ends of the epochs in the next chunk.
    let ends = model.roomAhead;
    if (this.#queued.length === 0) ends = Math.ceil(ends / 2);
    const chunk = takeChunk(
      work,
      pace.size,
      (epoch) => --ends <= 0 || endsChunk(epoch),
    );
    if (chunk.length === 0) return false;
    const snapshots = new Map<number, Snapshot>();
    let count = 0;
    const results = model.run(chunk, this.#updates, (index) => {
      count++;
      const { endsEpoch, epoch } = chunk[index];
      const snapshot = endsEpoch && epoch + 1 < epochs && model.snapshot();
      if (snapshot) snapshots.set(index, snapshot);
      return !signal?.aborted;
    });
    const done = chunk.slice(0, count);
    const weights = this.#options.wantsWeights() ? model.weights() : undefined;
    // Nobody may wait for them any more when they fail.
    for (const promise of [results, weights]) promise?.catch(() => {});
    this.#updates += done.filter(isTrainedOn).length;
    this.#queued.push({
      work: done,
      results,
      snapshots,
      weights,
      milliseconds: clock() - begun,
      isBarrier: chunk[count - 1].endsEpoch && !snapshots.has(count - 1),
    });
    return true;
  }
}

/** Whether any of some work that is done has changed the model or its state. */
export function changesModel(
  { work, results }: Pick<DoneChunk, "work" | "results">,
): boolean {
  return work.some((one, i) => !isTrainedOn(one) || !isSkipped(results[i]));
}

/** What training on a token costs, where only measuring its loss costs 1. */
const TRAINING_COST = 3;

/** The part that each minibatch that is trained on has in the cost of all work. */
function shareOfMinibatch(work: readonly Work[]): number {
  const costs = work.map((one) =>
    one.minibatch.numSteps * (isTrainedOn(one) ? TRAINING_COST : 1)
  );
  const cost = costs.reduce((sum, each) => sum + each, 0);
  return (costs.find((_, i) => isTrainedOn(work[i])) ?? 0) / cost;
}
