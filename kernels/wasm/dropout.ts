/** Reference: `lib/backend/reference/dropout.ts`. */

import {
  argument,
  realArgument,
  Region,
  setArgument,
  setRealArgument,
} from "./control";
import {
  highHalves,
  interleaveHigh,
  interleaveLow,
  least,
  loadUpTo,
  lowHalves,
  storeUpTo,
} from "./simd";
import { runPhase } from "./threads";

const enum Slot {
  Input = Region.Op,
  Output,
  Size,
  Threshold,
  Scale,
  K0,
  K1,
  C1,
  C2,
  C3,
}

/** Elements that one piece does, a multiple of 16. */
const BLOCK: usize = 16_384;

/** Work of an element's random word, as `threads.ts` measures it. */
const WORD: f64 = 60;

/**
 * Element i becomes 0 where word i mod 4 of the Philox block `[⌊i/4⌋, c1, c2, c3]` under
 * the key `k0, k1` is below `⌊rate · 2³²⌋`; the others are multiplied by `1 / (1 − rate)`.
 */
export function dropout(
  input: usize, // (size)
  output: usize, // (size), may be the input
  size: usize,
  rate: f64,
  k0: u32,
  k1: u32,
  c1: u32,
  c2: u32,
  c3: u32,
): void {
  setArgument(Slot.Input, input);
  setArgument(Slot.Output, output);
  setArgument(Slot.Size, size);
  setArgument(Slot.Threshold, <u32> floor(rate * 4294967296)); // 2³²
  setRealArgument(Slot.Scale, <f32> (1 / (1 - rate)));
  setArgument(Slot.K0, k0);
  setArgument(Slot.K1, k1);
  setArgument(Slot.C1, c1);
  setArgument(Slot.C2, c2);
  setArgument(Slot.C3, c3);
  const pieces = (size + BLOCK - 1) / BLOCK;
  runPhase(dropoutPiece, pieces, WORD * <f64> size);
}

/** Four Philox blocks at a time: a lane is a block, their 16 words are 16 elements. */
function dropoutPiece(piece: usize, _thread: usize): void {
  const first = piece * BLOCK;
  const end = least(first + BLOCK, argument(Slot.Size));
  for (let i = first; i < end; i += 16) fourBlocks(i, end - i);
}

/**
 * Philox4x32-10 (Salmon et al. 2011; lib/random.ts), ten times, with the high and low
 * halves of 64-bit products:
 *
 *     c0, c1, c2, c3 = high(M1 · c2) ⊕ c1 ⊕ k0, low(M1 · c2), high(M0 · c0) ⊕ c3 ⊕ k1, low(M0 · c0)
 *     k0, k1 = k0 + 9e3779b9, k1 + bb67ae85
 */
function fourBlocks(i: usize, left: usize): void {
  const M0 = i32x4.splat(0xd2511f53), M1 = i32x4.splat(0xcd9e8d57);
  let c0 = i32x4.add(i32x4.splat(<i32> (i >> 2)), i32x4(0, 1, 2, 3));
  let c1 = i32x4.splat(<i32> argument(Slot.C1));
  let c2 = i32x4.splat(<i32> argument(Slot.C2));
  let c3 = i32x4.splat(<i32> argument(Slot.C3));
  let k0 = i32x4.splat(<i32> argument(Slot.K0));
  let k1 = i32x4.splat(<i32> argument(Slot.K1));
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(M0, c0), low0 = i32x4.mul(M0, c0);
    const high1 = multiplyHigh(M1, c2), low1 = i32x4.mul(M1, c2);
    c0 = v128.xor(v128.xor(high1, c1), k0);
    c1 = low1;
    c2 = v128.xor(v128.xor(high0, c3), k1);
    c3 = low0;
    k0 = i32x4.add(k0, i32x4.splat(0x9e3779b9));
    k1 = i32x4.add(k1, i32x4.splat(0xbb67ae85));
  }
  // Word by block turned to block by word: elements in order.
  const low01 = interleaveLow(c0, c1), low23 = interleaveLow(c2, c3);
  const high01 = interleaveHigh(c0, c1), high23 = interleaveHigh(c2, c3);
  const x = argument(Slot.Input) + (i << 2);
  const y = argument(Slot.Output) + (i << 2);
  keep(lowHalves(low01, low23), x, y, left);
  if (left > 4) keep(highHalves(low01, low23), x + 16, y + 16, left - 4);
  if (left > 8) keep(lowHalves(high01, high23), x + 32, y + 32, left - 8);
  if (left > 12) keep(highHalves(high01, high23), x + 48, y + 48, left - 12);
}

/** The high halves of four products of unsigned 32-bit numbers. */
function multiplyHigh(a: v128, b: v128): v128 {
  const low = i64x2.extmul_low_i32x4_u(a, b);
  const high = i64x2.extmul_high_i32x4_u(a, b);
  return v128.shuffle<i32>(low, high, 1, 3, 5, 7);
}

/** `y = word < threshold ? 0 : scale · x`, of up to four elements. */
function keep(words: v128, x: usize, y: usize, count: usize): void {
  const dropped = i32x4.lt_u(
    words,
    i32x4.splat(<i32> argument(Slot.Threshold)),
  );
  const scaled = f32x4.mul(
    loadUpTo(x, count),
    f32x4.splat(realArgument(Slot.Scale)),
  );
  storeUpTo(y, count, v128.andnot(scaled, dropped));
}
