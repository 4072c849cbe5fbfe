/**
 * Philox4x32-10, the generator without state behind every random number: Salmon et
 * al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
 *
 * @module
 */

/**
 * The block function: four random words from a counter of four and a key of two.
 *
 * @example
 * ```ts
 * import { philox4x32 } from "./philox.ts";
 *
 * const words = philox4x32([0, 0, 0, 0], [0, 0]);
 * console.assert(words[0] === 0x6627e8d5);
 * ```
 */
export function philox4x32(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): [number, number, number, number] {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, c0);
    const low0 = Math.imul(0xd2511f53, c0);
    const high1 = multiplyHigh(0xcd9e8d57, c2);
    const low1 = Math.imul(0xcd9e8d57, c2);
    [c0, c1, c2, c3] = [high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0];
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  return [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0];
}

/** The high 32 bits of a 64-bit product, from products of 16-bit halves. */
function multiplyHigh(a: number, b: number): number {
  const a0 = a & 0xffff, a1 = a >>> 16, b0 = b & 0xffff, b1 = b >>> 16;
  const middle = a1 * b0 + (a0 * b0 >>> 16);
  const carry = (middle & 0xffff) + a0 * b1;
  return a1 * b1 + Math.floor(middle / 2 ** 16) + Math.floor(carry / 2 ** 16);
}
