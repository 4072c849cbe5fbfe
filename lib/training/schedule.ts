/**
 * The order of minibatches through all epochs: those that are trained on and, behind
 * each epoch's last, those of the text held out.
 *
 * @module
 */

import { partition } from "../partition.ts";
import { type Minibatch, stretchesOf } from "../text/minibatch.ts";
import type { Corpus } from "../text/corpus.ts";
import type { TokenIds } from "../text/token_ids.ts";
import { learningRateAt } from "./learning_rate.ts";
import type { TrainingRecord } from "./settings.ts";

/** A minibatch of a training, and where it stands in it. */
export interface ScheduledMinibatch {
  /** From 0 on. */
  readonly epoch: number;
  /** Which minibatch of its epoch, from 0 on. */
  readonly index: number;
  /** Minibatches of its epoch. */
  readonly count: number;
  readonly endsEpoch: boolean;
  readonly minibatch: Minibatch;
  /** The learning rate of its update. */
  readonly learningRate: number;
}

/** A minibatch of the text held out, whose loss is measured as an epoch ends. */
export interface MeasuredMinibatch
  extends Pick<ScheduledMinibatch, "epoch" | "endsEpoch" | "minibatch"> {
  readonly learningRate?: undefined;
}

/** What a device is given to do for a training, piece by piece. */
export type Work = ScheduledMinibatch | MeasuredMinibatch;

/** Whether it is trained on, and not only measured. */
export function isTrainedOn(work: Work): work is ScheduledMinibatch {
  return work.learningRate !== undefined;
}

/** How many minibatches an epoch has. */
export function minibatchCount(
  ids: TokenIds,
  training: TrainingRecord,
  epoch: number,
): number {
  const offset = training.offset ?? undefined;
  return partition(ids, { ...training, offset, epoch }).count;
}

/**
 * All work from a minibatch of an epoch on, to the last epoch's end, in order. Behind
 * the last minibatch of an epoch the text held out is measured, if there is one.
 */
export function* workFrom(
  { ids, validation }: Pick<Corpus, "ids" | "validation">,
  training: TrainingRecord,
  start: { readonly epochs: number; readonly minibatches: number },
): Generator<Work, void> {
  if (!validation) return yield* schedule(ids, training, start);
  const { count, minibatch } = stretchesOf(validation, training);
  function* measured(epoch: number): Generator<Work, void> {
    for (let i = 0; i < count; i++) {
      yield { epoch, endsEpoch: i === count - 1, minibatch: minibatch(i) };
    }
  }
  const { epochs, minibatches } = start;
  if (minibatches === minibatchCount(ids, training, epochs)) {
    yield* measured(epochs);
  }
  for (const work of schedule(ids, training, start)) {
    yield { ...work, endsEpoch: false };
    if (work.endsEpoch) yield* measured(work.epoch);
  }
}

/** All minibatches from one of an epoch on, to the last epoch's last, in order. */
export function* schedule(
  ids: TokenIds,
  training: TrainingRecord,
  start: { readonly epochs: number; readonly minibatches: number },
): Generator<ScheduledMinibatch, void> {
  let first = start.minibatches;
  for (let epoch = start.epochs; epoch < training.epochs; epoch++) {
    const { count, minibatch } = partition(ids, {
      ...training,
      offset: training.offset ?? undefined,
      epoch,
    });
    for (let index = first; index < count; index++) {
      const position = epoch + index / count;
      yield {
        epoch,
        index,
        count,
        endsEpoch: index === count - 1,
        minibatch: minibatch(index),
        learningRate: learningRateAt(training, position, 1 / count),
      };
    }
    first = 0;
  }
}

/**
 * The next pieces of work, at most `size`, and none behind the end of an epoch that is
 * not to be passed.
 *
 * @param isBoundary Whether that is so of the end after this many epochs.
 */
export function takeChunk<Piece extends Work>(
  work: Generator<Piece, void>,
  size: number,
  isBoundary: (epochs: number) => boolean,
): Piece[] {
  const chunk: Piece[] = [];
  while (chunk.length < size) {
    const { value } = work.next();
    if (!value) break;
    chunk.push(value);
    if (value.endsEpoch && isBoundary(value.epoch + 1)) break;
  }
  return chunk;
}

/** Whether something is due after `epochs` epochs that is every so often; 0: never. */
export function isDue(epochs: number, every: number): boolean {
  return every > 0 && epochs % every === 0;
}
