/** An optimizer's update. Reference: `lib/backend/reference/gradient_descent.ts`. */

import { argument, Region, setArgument } from "./control";
import { OPTIMIZERS, set, Setting } from "./optimizers";
import { least } from "./simd";
import { MOVE, runPhase } from "./threads";

const enum Slot {
  Optimizer = Region.Op, // its index in the module's table of functions
  Parameters,
  Gradients,
  FirstMoment,
  SecondMoment,
  P,
}

/** Parameters that one piece does. */
const BLOCK: usize = 16_384;

/**
 * Clips the gradients and lets an optimizer update the parameters: see `Finish` in
 * ops.ts. A clip of 0 clips nothing; with a norm that is not finite nothing changes.
 *
 * @param rule The place of the optimizer in `UpdateRule`; traps if there is none.
 */
export function update(
  parameters: usize, // (P)
  gradients: usize, // (P)
  norm: usize, // ()
  firstMoment: usize, // (P), m
  secondMoment: usize, // (P), v
  P: usize,
  rule: i32,
  learningRate: f64,
  clipNorm: f64,
  clipValue: f64,
  weightDecay: f64,
  beta1: f64,
  beta2: f64,
  epsilon: f64,
  correction1: f64,
  correction2: f64,
): void {
  if (<u32> rule >= <u32> OPTIMIZERS.length) unreachable();
  const length = <f64> load<f32>(norm);
  if (!isFinite(length)) return;
  const clips = clipNorm > 0 && length > clipNorm;
  setArgument(Slot.Optimizer, unchecked(OPTIMIZERS[rule]).index);
  setArgument(Slot.Parameters, parameters);
  setArgument(Slot.Gradients, gradients);
  setArgument(Slot.FirstMoment, firstMoment);
  setArgument(Slot.SecondMoment, secondMoment);
  setArgument(Slot.P, P);
  set(Setting.Scale, clips ? clipNorm / length : 1);
  set(Setting.Most, clipValue > 0 ? clipValue : Infinity);
  set(Setting.Decay, weightDecay);
  set(Setting.DecoupledDecay, -learningRate * weightDecay);
  set(Setting.Rate, -learningRate);
  set(Setting.CorrectedRate, -learningRate / correction1);
  set(Setting.Beta1, beta1);
  set(Setting.Gain1, 1 - beta1);
  set(Setting.Beta2, beta2);
  set(Setting.Gain2, 1 - beta2);
  set(Setting.Correction2, 1 / correction2);
  set(Setting.Epsilon, epsilon);
  const work: f64 = firstMoment || secondMoment ? MOVE : 2;
  runPhase(updatePiece, (P + BLOCK - 1) / BLOCK, work * <f64> P);
}

function updatePiece(piece: usize, _thread: usize): void {
  const first = piece * BLOCK, at = first << 2;
  const p = argument(Slot.Parameters) + at, g = argument(Slot.Gradients) + at;
  const m = argument(Slot.FirstMoment) + at;
  const v = argument(Slot.SecondMoment) + at;
  const count = least(BLOCK, argument(Slot.P) - first);
  call_indirect<void>(<u32> argument(Slot.Optimizer), p, g, m, v, count);
}
