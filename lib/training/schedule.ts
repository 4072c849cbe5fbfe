/**
 * The order of minibatches through all epochs.
 *
 * @module
 */

import { partition } from "../partition.ts";
import type { Minibatch } from "../text/minibatch.ts";
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
 * The next minibatches, at most `size`, and none behind the end of an epoch at which
 * something is to be done with the model.
 *
 * @param isBoundary Whether that is so after this many epochs.
 */
export function takeChunk(
  minibatches: Generator<ScheduledMinibatch, void>,
  size: number,
  isBoundary: (epochs: number) => boolean,
): ScheduledMinibatch[] {
  const chunk: ScheduledMinibatch[] = [];
  while (chunk.length < size) {
    const { value } = minibatches.next();
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
