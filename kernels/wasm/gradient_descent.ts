/** Reference: `lib/backend/reference/gradient_descent.ts`. */

import {
  argument,
  realArgument,
  setArgument,
  setRealArgument,
} from "./control";
import { least, loadFirst, madd, storeFirst } from "./simd";
import { Task } from "./tasks";
import { MOVE, runPhase } from "./threads";

/** Parameters that one task does, and whose squares are one partial sum. */
const BLOCK: usize = 16_384;

/** `norm = √ Σ g²`, in float64, block by block. */
export function globalNorm(
  gradients: usize, // (P)
  norm: usize, // ()
  P: usize,
  scratch: usize, // (blocks) f64
): void {
  setArgument(0, gradients);
  setArgument(1, P);
  setArgument(2, scratch);
  const blocks = (P + BLOCK - 1) / BLOCK;
  runPhase(Task.Squares, blocks, MOVE * <f64> P);
  let total: f64 = 0;
  for (let block: usize = 0; block < blocks; block++) {
    total += load<f64>(scratch + (block << 3));
  }
  store<f32>(norm, <f32> sqrt(total));
}

/** The sum of the squares of one block. */
export function squaresTask(task: usize): void {
  const first = task * BLOCK;
  const count = least(BLOCK, argument(1) - first);
  let from = argument(0) + (first << 2);
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
  store<f64>(argument(2) + (task << 3), sum);
}

/**
 *     parameters −= learningRate · min(1, clipNorm / norm) · gradients
 *
 * `clipNorm = 0` clips nothing; with a norm that is not finite nothing changes.
 */
export function update(
  parameters: usize, // (P)
  gradients: usize, // (P)
  norm: usize, // ()
  learningRate: f64,
  clipNorm: f64,
  P: usize,
): void {
  const length = <f64> load<f32>(norm);
  if (!isFinite(length)) return;
  const clips = clipNorm > 0 && length > clipNorm;
  const step = clips ? learningRate * clipNorm / length : learningRate;
  setArgument(0, parameters);
  setArgument(1, gradients);
  setArgument(2, P);
  setRealArgument(3, <f32> -step);
  runPhase(Task.Update, (P + BLOCK - 1) / BLOCK, 2 * <f64> P);
}

export function updateTask(task: usize): void {
  const first = task * BLOCK;
  const count = least(BLOCK, argument(2) - first);
  let p = argument(0) + (first << 2), g = argument(1) + (first << 2);
  const step = f32x4.splat(realArgument(3));
  const end = p + ((count & ~3) << 2);
  for (; p < end; p += 16, g += 16) {
    v128.store(p, madd(step, v128.load(g), v128.load(p)));
  }
  const rest = count & 3;
  if (rest) {
    const old = loadFirst(p, rest, step);
    storeFirst(p, rest, madd(step, loadFirst(g, rest, step), old));
  }
}
