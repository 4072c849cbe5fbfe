/** Reference: `lib/backend/reference/softmax_cross_entropy.ts`. */

import { argument, Region, setArgument } from "./control";
import { log } from "./functions";
import { least, loadFirst, storeFirst } from "./simd";
import { EXPONENTIAL, exponentials, maximum } from "./softmax";
import { runPhase } from "./threads";
import { firstAbove } from "./token_ids";

const enum Slot {
  Logits = Region.Op,
  Targets,
  DLogits,
  Rows,
  V,
  Losses, // in float64
}

/** Rows that one piece does. */
const ROWS: usize = 32;

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
  setArgument(Slot.Logits, logits);
  setArgument(Slot.Targets, targets);
  setArgument(Slot.DLogits, dLogits);
  setArgument(Slot.Rows, rows);
  setArgument(Slot.V, V);
  setArgument(Slot.Losses, scratch);
  const work = EXPONENTIAL * <f64> rows * <f64> V;
  runPhase(softmaxCrossEntropyPiece, (rows + ROWS - 1) / ROWS, work);
  let total: f64 = 0;
  for (let row: usize = 0; row < rows; row++) {
    const rowLoss = load<f64>(scratch + (row << 3));
    if (losses) store<f32>(losses + (row << 2), <f32> rowLoss);
    total += rowLoss;
  }
  store<f32>(loss, <f32> (total / <f64> rows));
  return -1;
}

function softmaxCrossEntropyPiece(piece: usize, _thread: usize): void {
  const rows = argument(Slot.Rows), V = argument(Slot.V);
  const dLogits = argument(Slot.DLogits);
  const first = piece * ROWS, end = least(first + ROWS, rows);
  for (let row = first; row < end; row++) {
    const at = (row * V) << 2;
    const z = argument(Slot.Logits) + at;
    const target = load<usize>(argument(Slot.Targets) + (row << 2)) << 2;
    const greatest = maximum(z, V);
    const dz = dLogits ? dLogits + at : 0;
    const sum = exponentials(z, greatest, dz, V);
    const distance = <f64> load<f32>(z + target) - <f64> greatest;
    const loss = log(<f64> sum) - distance;
    store<f64>(argument(Slot.Losses) + (row << 3), loss);
    if (!dz) continue;
    scale(dz, <f32> (1 / (<f64> sum * <f64> rows)), V);
    store<f32>(dz + target, load<f32>(dz + target) - 1 / <f32> rows);
  }
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
