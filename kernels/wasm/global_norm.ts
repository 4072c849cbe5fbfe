/** The norm of all gradients. Reference: `lib/backend/reference/gradient_descent.ts`. */

import { argument, Region, setArgument } from "./control";
import { least } from "./simd";
import { MOVE, runPhase } from "./threads";

const enum Slot {
  Gradients = Region.Op,
  P,
  Squares, // the sum of each block, in float64
}

/** Gradients that one piece does: their squares are one partial sum. */
const BLOCK: usize = 16_384;

function blocksOf(P: usize): usize {
  return (P + BLOCK - 1) / BLOCK;
}

/** Bytes of scratch: the partial sums, in float64. */
export function globalNormScratch(P: usize): f64 {
  return 8 * <f64> blocksOf(P);
}

/** `norm = √ Σ g²`, in float64, block by block. */
export function globalNorm(
  gradients: usize, // (P)
  norm: usize, // ()
  P: usize,
  scratch: usize, // (blocks) f64
): void {
  setArgument(Slot.Gradients, gradients);
  setArgument(Slot.P, P);
  setArgument(Slot.Squares, scratch);
  const blocks = blocksOf(P);
  runPhase(squaresPiece, blocks, MOVE * <f64> P);
  let total: f64 = 0;
  for (let block: usize = 0; block < blocks; block++) {
    total += load<f64>(scratch + (block << 3));
  }
  store<f32>(norm, <f32> sqrt(total));
}

/** The sum of the squares of one block. */
function squaresPiece(piece: usize, _thread: usize): void {
  const first = piece * BLOCK;
  const count = least(BLOCK, argument(Slot.P) - first);
  let from = argument(Slot.Gradients) + (first << 2);
  const end = from + ((count & ~3) << 2);
  let low = f64x2.splat(0), high = low;
  for (; from < end; from += 16) {
    const g = v128.load(from);
    const g01 = f64x2.promote_low_f32x4(g);
    const g23 = f64x2.promote_low_f32x4(v128.shuffle<f32>(g, g, 2, 3, 2, 3));
    low = f64x2.add(low, f64x2.mul(g01, g01));
    high = f64x2.add(high, f64x2.mul(g23, g23));
  }
  low = f64x2.add(low, high);
  let sum = f64x2.extract_lane(low, 0) + f64x2.extract_lane(low, 1);
  for (let i: usize = 0; i < (count & 3); i++) {
    const g = <f64> load<f32>(from + (i << 2));
    sum += g * g;
  }
  store<f64>(argument(Slot.Squares) + (piece << 3), sum);
}
