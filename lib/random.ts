/**
 * Random numbers without state: every draw is a function of where it is used.
 *
 * Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
 * SC 2011) mixes a 64-bit key, the seed, with a 128-bit counter, the place
 * `(stream, epoch, item, index)`. To resume a run is to go on counting.
 *
 * @module
 */

import { InputError } from "./input_error.ts";
import { philox4x32 } from "./backend/philox.ts";

/** What a draw is for; draws of different streams are independent. */
export type Stream = "parameters" | "offset" | "shuffle" | "dropout" | "sample";

const STREAMS: Readonly<Record<Stream, number>> = {
  parameters: 0,
  offset: 1,
  shuffle: 2,
  dropout: 3,
  sample: 4,
};

/** The place of a draw. All are whole numbers from 0 to 2³² − 1; default 0. */
export interface Place {
  readonly stream: Stream;
  readonly epoch?: number;
  /** Which minibatch, parameter or token it is for. */
  readonly item?: number;
  /** Parts of one stream, such as the layers of a model; below 2²⁴. Default 0. */
  readonly part?: number;
}

/** Largest seed: seeds are whole numbers from 0 to this, 2⁵³ − 1. */
export const MAX_SEED: number = Number.MAX_SAFE_INTEGER;

/**
 * A whole number from `low` to `high`, both inclusive, as Python's `randint`.
 *
 * @example
 * ```ts
 * import { randomInteger } from "./random.ts";
 *
 * const offset = randomInteger(7, { stream: "offset", epoch: 3 }, 0, 35);
 * console.assert(offset >= 0 && offset <= 35);
 * ```
 */
export function randomInteger(
  seed: number,
  place: Place,
  low: number,
  high: number,
): number {
  return low + below(randomWord(seed, place, 0), high - low + 1);
}

/**
 * The whole numbers below `length` in random order (Fisher and Yates' shuffle).
 *
 * @example
 * ```ts
 * import { randomPermutation } from "./random.ts";
 *
 * const order = randomPermutation(7, { stream: "shuffle" }, 4);
 * console.assert([...order].sort().join() === "0,1,2,3");
 * ```
 */
export function randomPermutation(
  seed: number,
  place: Place,
  length: number,
): Uint32Array {
  const order = Uint32Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = below(randomWord(seed, place, i), i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/**
 * `length` draws from the normal distribution N(0, 1) by Box and Muller's method.
 *
 * @example
 * ```ts
 * import { randomNormal } from "./random.ts";
 *
 * const draws = randomNormal(7, { stream: "parameters" }, 1000);
 * console.assert(draws.every(Number.isFinite));
 * ```
 */
export function randomNormal(
  seed: number,
  place: Place,
  length: number,
): Float64Array {
  const draws = new Float64Array(length);
  for (let i = 0; i < length; i += 2) {
    const [a, b] = randomWords(seed, place, i / 2);
    const radius = Math.sqrt(-2 * Math.log((a + 1) / 2 ** 32)); // log(0) cannot be
    const angle = 2 * Math.PI * b / 2 ** 32;
    draws[i] = radius * Math.cos(angle);
    if (i + 1 < length) draws[i + 1] = radius * Math.sin(angle);
  }
  return draws;
}

/**
 * `length` draws from the uniform distribution on [0, 1), each a multiple of 2⁻²⁴,
 * which float32 holds exactly.
 *
 * @example
 * ```ts
 * import { randomUniform } from "./random.ts";
 *
 * const [u] = randomUniform(7, { stream: "sample", item: 3 }, 1);
 * console.assert(u >= 0 && u < 1);
 * ```
 */
export function randomUniform(
  seed: number,
  place: Place,
  length: number,
): Float64Array {
  const draws = new Float64Array(length);
  for (let i = 0; i < length; i += 4) {
    const words = randomWords(seed, place, i / 4);
    for (let j = 0; j < Math.min(4, length - i); j++) {
      draws[i + j] = (words[j] >>> 8) / 2 ** 24;
    }
  }
  return draws;
}

/** A place as the key and the counter, less its first word, of the block function. */
export function placeWords(
  seed: number,
  { stream, epoch = 0, item = 0, part = 0 }: Place,
): {
  key: readonly [number, number];
  counter: readonly [number, number, number];
} {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new InputError(
      `Cannot use the seed ${seed}: expected a whole number from 0 to ${MAX_SEED}`,
    );
  }
  return {
    key: [seed >>> 0, Math.floor(seed / 2 ** 32)],
    counter: [item, epoch, STREAMS[stream] + 256 * part],
  };
}

function randomWords(
  seed: number,
  place: Place,
  index: number,
): [number, number, number, number] {
  const { key, counter } = placeWords(seed, place);
  return philox4x32([index, ...counter], key);
}

function randomWord(seed: number, place: Place, index: number): number {
  return randomWords(seed, place, index)[0];
}

/** `word`, below 2³², scaled to a whole number below `count`; the bias is count / 2³². */
function below(word: number, count: number): number {
  return Math.floor(word / 2 ** 32 * count);
}
