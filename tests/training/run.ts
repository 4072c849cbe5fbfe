/**
 * Training runs that are gathered up.
 *
 * @module
 */

import type { Backend } from "../../lib/backend/backend.ts";
import type { Corpus } from "../../lib/text/corpus.ts";
import { train, type TrainOptions } from "../../lib/train.ts";
import type { EpochEvent } from "../../lib/training/events.ts";
import {
  type Checkpoint,
  encodeCheckpoint,
} from "../../lib/training/checkpoint.ts";

/** A model that trains in a moment. */
export const SMALL: TrainOptions = {
  hiddenSize: 5,
  batchSize: 2,
  numSteps: 8,
  epochs: 5,
  sigma: 0.3,
  seed: 1,
};

/** All that a training run gave. */
export interface Run {
  /** `epoch 1`, `checkpoint 1`, …: what came when. */
  readonly order: readonly string[];
  readonly epochs: readonly EpochEvent[];
  /** All but those of the best model, which are apart. */
  readonly checkpoints: readonly Checkpoint[];
  readonly bests: readonly Checkpoint[];
  /** The last checkpoint, and its bytes. */
  readonly checkpoint: Checkpoint;
  readonly bytes: Uint8Array;
  /** What ended training, if it did not end by itself. */
  readonly error?: Error;
}

/** Trains to the end, or to the error. */
export async function run(
  corpus: Corpus,
  backend: Backend,
  options: TrainOptions,
): Promise<Run> {
  const order: string[] = [];
  const epochs: EpochEvent[] = [], checkpoints: Checkpoint[] = [];
  const bests: Checkpoint[] = [];
  let error: Error | undefined;
  try {
    for await (const event of train(corpus, backend, options)) {
      if (event.type === "sample" || event.type === "progress") continue;
      if (event.type === "checkpoint" && event.reason === "best") {
        bests.push(event.checkpoint);
        continue;
      }
      if (event.type === "epoch") epochs.push(event);
      if (event.type === "checkpoint") checkpoints.push(event.checkpoint);
      const { progress } = checkpoints.at(-1) ?? {};
      order.push(
        event.type === "epoch"
          ? `epoch ${event.epoch}`
          : `checkpoint ${progress!.epochs}`,
      );
    }
  } catch (thrown) {
    error = thrown as Error;
    if (checkpoints.length === 0) throw thrown;
  }
  const checkpoint = checkpoints.at(-1)!;
  const bytes = await encodeCheckpoint(checkpoint);
  return { order, epochs, checkpoints, bests, checkpoint, bytes, error };
}

/** The event without what the clock decides. */
export function timeless(event: EpochEvent) {
  const { seconds: _, tokensPerSecond: __, ...rest } = event;
  return rest;
}

/** A clock that moves on by so many milliseconds each time it is read. */
export function tickingClock(milliseconds: number): () => number {
  let now = 0;
  return () => now += milliseconds;
}

/** Freezes a value and all it holds; arrays of elements cannot be frozen. */
export function freezeAll<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (ArrayBuffer.isView(value)) return value;
  Object.values(value).forEach(freezeAll);
  return Object.freeze(value);
}
