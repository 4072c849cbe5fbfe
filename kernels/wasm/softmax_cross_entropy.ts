/** Reference: `lib/backend/reference/softmax_cross_entropy.ts`. */

import { argument, setArgument } from "./control";
import { exp, log } from "./functions";
import { firstAbove } from "./embedding";
import { least, loadFirst, storeFirst, sumOfLanes } from "./simd";
import { runPhase } from "./threads";

/** Rows that one piece does. */
const ROWS: usize = 32;

/** Work of one exp and what goes with it, as `threads.ts` measures it. */
export const EXP: f64 = 80;

/** Bytes of scratch: a float64 number a row. */
export function softmaxCrossEntropyScratch(rows: usize, _V: usize): f64 {
  return 8 * <f64> rows;
}

/**
 *     losses  = log Σ_v exp(z[r,v] − m) − (z[r,target_r] − m),  m = max z[r,:]
 *     loss    = 1/rows Σ_r losses
 *     dLogits = (softmax(z) − oneHot(target)) / rows
 *
 * Where `losses` or `dLogits` is 0 it is left out.
 *
 * @returns The first target that is not below V, or -1.
 */
export function softmaxCrossEntropy(
  logits: usize, // (rows, V)
  targets: usize, // (rows) u32
  loss: usize, // ()
  losses: usize, // (rows)
  dLogits: usize, // (rows, V)
  rows: usize,
  V: usize,
  scratch: usize, // (rows) f64
): f64 {
  const wrong = firstAbove(targets, rows, V);
  if (wrong >= 0) return wrong;
  setArgument(0, logits);
  setArgument(1, targets);
  setArgument(2, dLogits);
  setArgument(3, rows);
  setArgument(4, V);
  setArgument(5, scratch);
  const work = EXP * <f64> rows * <f64> V;
  runPhase(softmaxCrossEntropyPiece, (rows + ROWS - 1) / ROWS, work);
  let total: f64 = 0;
  for (let row: usize = 0; row < rows; row++) {
    const own = load<f64>(scratch + (row << 3));
    if (losses) store<f32>(losses + (row << 2), <f32> own);
    total += own;
  }
  store<f32>(loss, <f32> (total / <f64> rows));
  return -1;
}

function softmaxCrossEntropyPiece(piece: usize, _thread: usize): void {
  const rows = argument(3), V = argument(4);
  const first = piece * ROWS, end = least(first + ROWS, rows);
  for (let row = first; row < end; row++) {
    const at = (row * V) << 2;
    const z = argument(0) + at;
    const target = load<usize>(argument(1) + (row << 2)) << 2;
    const greatest = maximum(z, V);
    const dz = argument(2) ? argument(2) + at : 0;
    const sum = exponentials(z, greatest, dz, V);
    const distance = <f64> load<f32>(z + target) - <f64> greatest;
    store<f64>(argument(5) + (row << 3), log(<f64> sum) - distance);
    if (!dz) continue;
    scale(dz, <f32> (1 / (<f64> sum * <f64> rows)), V);
    store<f32>(dz + target, load<f32>(dz + target) - 1 / <f32> rows);
  }
}

/** The greatest of a row; NaN if one of them is. */
export function maximum(z: usize, V: usize): f32 {
  const none = f32x4.splat(-Infinity);
  const end = z + ((V & ~3) << 2);
  let most = none;
  for (; z < end; z += 16) most = f32x4.max(most, v128.load(z));
  most = f32x4.max(most, loadFirst(z, V & 3, none));
  return max(
    max(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1)),
    max(f32x4.extract_lane(most, 2), f32x4.extract_lane(most, 3)),
  );
}

/** `Σ exp(z − greatest)`; the terms go to `y` unless it is 0. */
export function exponentials(
  z: usize,
  greatest: f32,
  y: usize,
  V: usize,
): f32 {
  const most = f32x4.splat(greatest);
  const end = z + ((V & ~3) << 2);
  let sum = f32x4.splat(0);
  for (; z < end; z += 16) {
    const term = exp(f32x4.sub(v128.load(z), most));
    sum = f32x4.add(sum, term);
    if (!y) continue;
    v128.store(y, term);
    y += 16;
  }
  const rest = V & 3;
  if (rest) {
    // exp(−∞) = 0: the lanes that are not there add nothing.
    const last = loadFirst(z, rest, f32x4.splat(-Infinity));
    const term = exp(f32x4.sub(last, most));
    sum = f32x4.add(sum, term);
    if (y) storeFirst(y, rest, term);
  }
  return sumOfLanes(sum);
}

/** `y *= factor`. */
function scale(y: usize, factor: f32, V: usize): void {
  const factors = f32x4.splat(factor);
  const end = y + ((V & ~3) << 2);
  for (; y < end; y += 16) v128.store(y, f32x4.mul(v128.load(y), factors));
  const rest = V & 3;
  if (rest) {
    storeFirst(y, rest, f32x4.mul(loadFirst(y, rest, factors), factors));
  }
}
