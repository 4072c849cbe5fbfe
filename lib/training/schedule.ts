/**
 * The order of minibatches through all epochs.
 *
 * @module
 */

import { partition, type PartitionOptions } from "../partition.ts";
import type { Minibatch } from "../text/minibatch.ts";
import type { TokenIds } from "../text/token_ids.ts";

/** One minibatch of the whole training, and where it stands. */
export interface Step {
  /** From 0 on. */
  readonly epoch: number;
  /** Which minibatch of its epoch, from 0 on. */
  readonly index: number;
  readonly endsEpoch: boolean;
  readonly minibatch: Minibatch;
}

/** All minibatches of all epochs, in order; `options.epoch` has no part in it. */
export function* schedule(
  ids: TokenIds,
  epochs: number,
  options: PartitionOptions,
): Generator<Step, void> {
  for (let epoch = 0; epoch < epochs; epoch++) {
    const part = partition(ids, { ...options, epoch });
    for (let index = 0; index < part.count; index++) {
      const endsEpoch = index === part.count - 1;
      yield { epoch, index, endsEpoch, minibatch: part.minibatch(index) };
    }
  }
}

/** The next steps, at most `size`, and none behind a checkpoint that is due. */
export function takeChunk(
  steps: Generator<Step, void>,
  size: number,
  checkpointEvery: number,
): Step[] {
  const chunk: Step[] = [];
  while (chunk.length < size) {
    const { value } = steps.next();
    if (!value) break;
    chunk.push(value);
    if (value.endsEpoch && isDue(value.epoch + 1, checkpointEvery)) break;
  }
  return chunk;
}

/** Whether a checkpoint is due after `epochs` epochs, where 0 is never. */
export function isDue(epochs: number, checkpointEvery: number): boolean {
  return checkpointEvery > 0 && epochs % checkpointEvery === 0;
}
