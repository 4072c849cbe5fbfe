/** A model's last layer and its loss. Reference: `lib/backend/reference/head.ts`. */

import {
  linear,
  linearBackward,
  linearBackwardScratch,
  linearScratch,
} from "./linear";
import {
  softmaxCrossEntropy,
  softmaxCrossEntropyScratch,
} from "./softmax_cross_entropy";
import { firstAbove } from "./token_ids";

/**
 * Bytes of scratch: the logits, and behind them what one of the three steps needs, one
 * after the other.
 */
export function headScratch(rows: usize, H: usize, V: usize): f64 {
  const steps = max(
    max(linearScratch(rows, H, V), linearBackwardScratch(rows, H, V)),
    softmaxCrossEntropyScratch(rows),
  );
  return logitsBytes(rows, V) + steps;
}

/** Of the logits, rounded up so that float64 numbers may follow. */
function logitsBytes(rows: usize, V: usize): f64 {
  return 16 * ceil(<f64> rows * <f64> V / 4);
}

/**
 *     logits  = input · weightᵀ + bias
 *     losses  = w (log Σ_v exp z[r,v] − z[r,target_r])
 *     loss    = Σ_r losses / W
 *     dLogits = w / W (softmax(z) − oneHot(target))
 *     dInput  = dLogits · weight
 *
 * A result that is 0 is left out; without `targets` all but the logits are.
 *
 * @returns The first target that is not below V, or -1.
 */
export function head(
  input: usize, // (rows, H)
  weight: usize, // (V, H)
  bias: usize, // (V)
  targets: usize, // (rows) u32
  targetWeights: usize, // (rows)
  logits: usize, // (rows, V)
  loss: usize, // ()
  losses: usize, // (rows)
  dLogits: usize, // (rows, V)
  dInput: usize, // (rows, H)
  rows: usize,
  H: usize,
  V: usize,
  scratch: usize,
): f64 {
  if (targets) {
    const wrong = firstAbove(targets, rows, V);
    if (wrong >= 0) return wrong;
  }
  const z = logits ? logits : scratch;
  const rest = scratch + <usize> logitsBytes(rows, V);
  linear(input, weight, bias, z, rows, H, V, rest);
  if (!targets) return -1;
  // deno-fmt-ignore
  softmaxCrossEntropy(z, targets, targetWeights, loss, losses, dLogits, rows, V, rest);
  if (!dInput) return -1;
  linearBackward(weight, dLogits, dInput, rows, H, V, rest);
  return -1;
}
