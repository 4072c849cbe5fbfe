/**
 * Stage 3: from token ids to the minibatches of an epoch.
 *
 * @module
 */

import { InputError } from "./input_error.ts";
import { MAX_SEED } from "./random.ts";
import { assertRecord, filledIn, type SettingsOf } from "./setting.ts";
import {
  type Minibatch,
  readMinibatch,
  type Sampling,
  SAMPLING_METHODS,
  SAMPLINGS,
} from "./text/minibatch.ts";
import type { TokenIds } from "./text/token_ids.ts";

/** Settings of {@linkcode partition}. */
export interface PartitionOptions {
  /** Number of rows in a minibatch, `B`. Default 32. */
  readonly batchSize?: number;
  /** Number of tokens in a row, `T`. Default 35. */
  readonly numSteps?: number;
  /** How rows are chosen. Default `"sequential"`. */
  readonly sampling?: Sampling;
  /** Seed of the offset and the shuffle. Default 0. */
  readonly seed?: number;
  /** The epoch, counted from 0; each has its own offset and shuffle. Default 0. */
  readonly epoch?: number;
  /** Number of tokens to leave out at the beginning, instead of a random number. */
  readonly offset?: number;
}

/** A minibatch of more rows or steps fits no device. */
const count = { kind: "integer", least: 1, most: 1_000_000 } as const;

/** The settings that all epochs share, as recorded for a training. */
export const PARTITION_SETTINGS: SettingsOf<
  Required<
    Pick<PartitionOptions, "batchSize" | "numSteps" | "sampling" | "seed">
  >
> = {
  batchSize: {
    ...count,
    name: "batch size",
    help: "number of rows in a minibatch",
    default: 32,
  },
  numSteps: {
    ...count,
    name: "number of steps",
    help: "number of tokens in a row",
    default: 35,
  },
  sampling: {
    kind: "choice",
    choices: SAMPLINGS,
    name: "sampling",
    help:
      "sequential: each row continues where it left off; random: rows start anywhere",
    default: "sequential",
  },
  seed: {
    kind: "integer",
    least: 0,
    most: MAX_SEED,
    name: "seed",
    help: "seed of every random draw",
    default: 0,
  },
};

/** The minibatches of one epoch; any of them can be read without the others. */
export interface Partition extends Iterable<Minibatch> {
  /** Number of tokens left out at the beginning. */
  readonly offset: number;
  /** Number of minibatches, at least 1. */
  readonly count: number;
  /**
   * Position in the corpus of the first token of each of the `B` rows of minibatch
   * `index`.
   */
  starts(index: number): number[];
  /** Returns minibatch `index`, from 0 to `count − 1`. */
  minibatch(index: number): Minibatch;
}

/**
 * Divides a corpus into the minibatches of an epoch, as in d2l 8.3.4.
 *
 * @param ids Token ids of the corpus.
 * @throws {RangeError} If a setting is out of its range, or the corpus is too short for
 * one minibatch with any offset.
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
  options: PartitionOptions = {},
): Partition {
  const settings = filledIn(PARTITION_SETTINGS, options);
  assertRecord(
    PARTITION_SETTINGS,
    settings,
    (name) => `Cannot use the ${name}`,
  );
  const { batchSize, numSteps, sampling, seed } = settings;
  const { epoch = 0, offset } = options;
  if (offset !== undefined && !(Number.isSafeInteger(offset) && offset >= 0)) {
    throw new InputError(
      `Cannot use the offset ${offset}: expected a whole number of at ` +
        "least 0",
    );
  }
  assertLongEnough(ids.length, batchSize, numSteps, sampling, offset);
  const method = SAMPLING_METHODS[sampling];
  const starts = method.starts({
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
    const continues = method.rowsContinue && index > 0;
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

/** Whatever offset is drawn, at least one minibatch must fit behind it. */
function assertLongEnough(
  length: number,
  batchSize: number,
  numSteps: number,
  sampling: Sampling,
  offset: number | undefined,
): void {
  // The greatest offset: the one given, or what `randomInteger` may draw.
  const greatest = SAMPLING_METHODS[sampling].greatestOffset(numSteps);
  const needed = batchSize * numSteps + 1 + (offset ?? greatest);
  if (length >= needed) return;
  // The same inequality solved for the batch size, for the number of steps, and
  // for the number of steps of a single row.
  const usable = length - 1 - (offset ?? greatest - numSteps);
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
  throw new InputError(
    `The text is too short: ${length} tokens to train on, but minibatches of ` +
      `${batchSize} rows × ${steps(numSteps)} need ${needed}. Use ${advice}`,
  );
}

function steps(count: number): string {
  return `${count} step${count === 1 ? "" : "s"}`;
}
