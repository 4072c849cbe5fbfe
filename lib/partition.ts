/**
 * Stage 3: token ids to the minibatches of an epoch.
 *
 * @module
 */

import {
  type Minibatch,
  randomStarts,
  readMinibatch,
  type Sampling,
  sequentialStarts,
} from "./text/minibatch.ts";
import type { TokenIds } from "./text/token_ids.ts";

/** Settings of {@linkcode partition}. */
export interface PartitionOptions {
  /** Rows of a minibatch, `B`. Default 32. */
  readonly batchSize?: number;
  /** Tokens of a row, `T`. Default 35. */
  readonly numSteps?: number;
  /** Default `"sequential"`. */
  readonly sampling?: Sampling;
  /** Seed of the offset and the shuffle. Default 0. */
  readonly seed?: number;
  /** Which epoch, from 0 on: each has its own offset and shuffle. Default 0. */
  readonly epoch?: number;
  /** Tokens to leave out at the beginning, in place of a drawn number. */
  readonly offset?: number;
}

/** The minibatches of one epoch; any of them can be read without the others. */
export interface Partition extends Iterable<Minibatch> {
  /** Tokens left out at the beginning. */
  readonly offset: number;
  /** Number of minibatches, at least 1. */
  readonly count: number;
  /** First token of every row of minibatch `index`: `B` places in the corpus. */
  starts(index: number): number[];
  /** Minibatch `index`, from 0 to `count − 1`. */
  minibatch(index: number): Minibatch;
}

/**
 * Cuts a corpus into the minibatches of an epoch, as d2l 8.3.4 does.
 *
 * @param ids Token ids of the corpus.
 * @throws {RangeError} If a setting is out of its range, or the corpus is too
 * short for one minibatch whatever the offset.
 *
 * @example
 * ```ts
 * import { partition } from "./partition.ts";
 *
 * // The book's example: the numbers 0 to 34 in minibatches of 2 × 5.
 * const ids = Uint32Array.from({ length: 35 }, (_, i) => i);
 * const epoch = partition(ids, { batchSize: 2, numSteps: 5, offset: 0 });
 * console.assert(epoch.count === 3 && epoch.starts(1).join() === "5,22");
 * ```
 */
export function partition(
  ids: TokenIds,
  {
    batchSize = 32,
    numSteps = 35,
    sampling = "sequential",
    seed = 0,
    epoch = 0,
    offset,
  }: PartitionOptions = {},
): Partition {
  assertCount("batch size", batchSize);
  assertCount("number of steps", numSteps);
  if (offset !== undefined && !(Number.isSafeInteger(offset) && offset >= 0)) {
    throw new RangeError(
      `Cannot use the offset ${offset}: expected a whole number from 0 on`,
    );
  }
  assertLongEnough(ids.length, batchSize, numSteps, sampling, offset);
  const draw = sampling === "sequential" ? sequentialStarts : randomStarts;
  const starts = draw({
    length: ids.length,
    batchSize,
    numSteps,
    seed,
    epoch,
    offset,
  });
  const minibatch = (index: number) => {
    if (!Number.isInteger(index) || index < 0 || index >= starts.count) {
      throw new RangeError(
        `Cannot read minibatch ${index}: the epoch has ${starts.count}`,
      );
    }
    const continues = sampling === "sequential" && index > 0;
    return readMinibatch(ids, starts.at(index), numSteps, continues);
  };
  return {
    offset: starts.offset,
    count: starts.count,
    starts: (index) => starts.at(index),
    minibatch,
    *[Symbol.iterator]() {
      for (let index = 0; index < starts.count; index++) yield minibatch(index);
    },
  };
}

function assertCount(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value > 0) return;
  throw new RangeError(
    `Cannot use the ${name} ${value}: expected a whole number above zero`,
  );
}

/** Whatever offset is drawn, at least one minibatch must fit behind it. */
function assertLongEnough(
  length: number,
  batchSize: number,
  numSteps: number,
  sampling: Sampling,
  offset: number | undefined,
): void {
  // The greatest offset: the one given, or what `randomInteger` may draw.
  const shorter = sampling === "sequential" ? 0 : 1;
  const needed = batchSize * numSteps + 1 + (offset ?? numSteps - shorter);
  if (length >= needed) return;
  // The same inequality solved for the batch size, for the number of steps, and
  // for the number of steps of a single row.
  const usable = length - 1 - (offset ?? -shorter);
  const drawn = offset === undefined ? 1 : 0;
  const largestBatch = Math.floor(usable / numSteps) - drawn;
  const mostSteps = Math.floor(usable / (batchSize + drawn));
  const stepsOfOne = Math.floor(usable / (1 + drawn));
  const isBetter = largestBatch < 1 && stepsOfOne > Math.max(0, mostSteps);
  const advice = [
    largestBatch > 0 && `a batch size up to ${largestBatch}`,
    mostSteps > 0 && `up to ${steps(mostSteps)}`,
    isBetter && `a batch size of 1 and no more than ${steps(stepsOfOne)}`,
    "a longer text",
  ].filter(Boolean).join(", or ");
  throw new RangeError(
    `The text is too short: ${length} tokens to train on, but minibatches of ` +
      `${batchSize} rows × ${steps(numSteps)} need ${needed}. Use ${advice}`,
  );
}

function steps(count: number): string {
  return `${count} step${count === 1 ? "" : "s"}`;
}
