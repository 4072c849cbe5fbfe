/**
 * Numbers drawn from a seed, one after the other.
 *
 * @module
 */

import { randomInteger } from "../../../lib/random.ts";

/** Draws whole numbers; the same seed draws the same ones. */
export class Chance {
  readonly #seed: number;
  #drawn = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** A whole number from `low` to `high`, both inclusive. */
  integer(low: number, high: number): number {
    const place = { stream: "sample", index: this.#drawn++ } as const;
    return randomInteger(this.#seed, place, low, high);
  }

  /** One of a list. */
  of<T>(list: readonly T[]): T {
    return list[this.integer(0, list.length - 1)];
  }
}
