/** Reference: `lib/backend/reference/softmax_cross_entropy.ts`. */

import { argument, Region, setArgument } from "./control";
import { log } from "./functions";
import { least, loadFirst, storeFirst } from "./simd";
import { EXPONENTIAL, exponentials, maximum } from "./softmax";
import { runPhase } from "./threads";

const enum Slot {
  Logits = Region.Op,
  Targets,
  Weights,
  DLogits,
  Rows,
  V,
  Whole, // the sum of the rows' weights, W, in float64
  Losses, // in float64
}

/** Rows that one piece does. */
const ROWS: usize = 32;

/** Bytes of scratch that `softmaxCrossEntropy` needs. */
export function softmaxCrossEntropyScratch(rows: usize): f64 {
  return 8 * (1 + <f64> rows);
}

/**
 *     losses  = w (log Σ_v exp(z[r,v] − m) − (z[r,target_r] − m)),  m = max z[r,:]
 *     loss    = Σ_r losses / W
 *     dLogits = w / W (softmax(z) − oneHot(target))
 *
 * Where `loss`, `losses` or `dLogits` is 0 it is left out; without `weights` all are 1.
 * The targets are below V.
 */
export function softmaxCrossEntropy(
  logits: usize, // (rows, V)
  targets: usize, // (rows) u32
  weights: usize, // (rows)
  loss: usize, // ()
  losses: usize, // (rows)
  dLogits: usize, // (rows, V)
  rows: usize,
  V: usize,
  scratch: usize, // (1 + rows) f64
): void {
  const rowLosses = scratch + 8;
  setArgument(Slot.Logits, logits);
  setArgument(Slot.Targets, targets);
  setArgument(Slot.Weights, weights);
  setArgument(Slot.DLogits, dLogits);
  setArgument(Slot.Rows, rows);
  setArgument(Slot.V, V);
  setArgument(Slot.Whole, scratch);
  setArgument(Slot.Losses, rowLosses);
  let whole: f64 = 0;
  for (let row: usize = 0; row < rows; row++) whole += weightOf(row);
  store<f64>(scratch, whole);
  const work = EXPONENTIAL * <f64> rows * <f64> V;
  runPhase(softmaxCrossEntropyPiece, (rows + ROWS - 1) / ROWS, work);
  let total: f64 = 0;
  for (let row: usize = 0; row < rows; row++) {
    const rowLoss = load<f64>(rowLosses + (row << 3));
    if (losses) store<f32>(losses + (row << 2), <f32> rowLoss);
    total += rowLoss;
  }
  if (loss) store<f32>(loss, whole == 0 ? 0 : <f32> (total / whole));
}

function weightOf(row: usize): f64 {
  const weights = argument(Slot.Weights);
  return weights ? <f64> load<f32>(weights + (row << 2)) : 1;
}

function softmaxCrossEntropyPiece(piece: usize, _thread: usize): void {
  const rows = argument(Slot.Rows), V = argument(Slot.V);
  const dLogits = argument(Slot.DLogits);
  const whole = load<f64>(argument(Slot.Whole));
  const first = piece * ROWS, end = least(first + ROWS, rows);
  for (let row = first; row < end; row++) {
    const at = (row * V) << 2;
    const z = argument(Slot.Logits) + at;
    const dz = dLogits ? dLogits + at : 0;
    const losses = argument(Slot.Losses) + (row << 3);
    const weight = weightOf(row);
    if (weight == 0) { // whatever the logits are
      store<f64>(losses, 0);
      if (dz) memory.fill(dz, 0, V << 2);
      continue;
    }
    const target = load<usize>(argument(Slot.Targets) + (row << 2)) << 2;
    const greatest = maximum(z, V);
    const sum = exponentials(z, greatest, dz, V);
    const distance = <f64> load<f32>(z + target) - <f64> greatest;
    store<f64>(losses, weight * (log(<f64> sum) - distance));
    if (!dz) continue;
    scale(dz, <f32> (weight / (<f64> sum * whole)), V);
    const part = <f32> (weight / whole);
    store<f32>(dz + target, load<f32>(dz + target) - part);
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
