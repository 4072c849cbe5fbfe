/** A vanilla recurrent layer. Reference: `lib/backend/reference/rnn.ts`. */

import { rectify, tanhs } from "./activations";
import { argument, setArgument } from "./control";
import {
  backward,
  forward,
  layOut,
  layOutBackward,
  setBackward,
  setLayer,
  Slot,
} from "./recurrent";
import { loadUpTo, storeFirst } from "./simd";

/** The number of each of `ACTIVATIONS` in ops.ts. */
const enum Activation {
  Tanh,
  Relu,
}

/** Bytes of scratch that `rnn` needs. */
export function rnnScratch(_T: usize, B: usize, H: usize): f64 {
  return layOut(0, 1, B, H);
}

/** `output_t = f(input_t + output_(t-1) · weightᵀ + bias)`; f is tanh or relu. */
export function rnn(
  input: usize, // (T, B, H)
  weight: usize, // (H, H)
  bias: usize, // (H)
  initialState: usize, // (B, H)
  output: usize, // (T, B, H)
  T: usize,
  B: usize,
  H: usize,
  activation: i32,
  scratch: usize,
): void {
  setLayer(input, weight, bias, initialState, output);
  setArgument(Slot.Activation, activation);
  forward(forwardRow, 1, output, 1, T, B, H, scratch);
}

function forwardRow(at: usize, _h: usize, _c: usize, H: usize): void {
  const x = argument(Slot.Input) + at, bias = argument(Slot.Bias);
  const y = argument(Slot.Output) + at;
  if (isRelu()) rectify(x, bias, y, H);
  else tanhs(x, bias, y, H);
}

function isRelu(): bool {
  return argument(Slot.Activation) == Activation.Relu;
}

/** Bytes of scratch that `rnnBackward` needs. */
export function rnnBackwardScratch(_T: usize, B: usize, H: usize): f64 {
  return layOutBackward(0, 1, B, H);
}

/**
 * With `a_t` for what f was applied to, from the last step to the first:
 *
 *     da_t = (dOutput_t + da_(t+1) · weight) ⊙ f'(a_t)      (dInput_t = da_t)
 */
export function rnnBackward(
  weight: usize, // (H, H)
  output: usize, // (T, B, H)
  dOutput: usize, // (T, B, H)
  dInput: usize, // (T, B, H)
  T: usize,
  B: usize,
  H: usize,
  activation: i32,
  scratch: usize,
): void {
  setBackward(weight, dOutput, dInput, dInput);
  setArgument(Slot.Output, output);
  setArgument(Slot.Activation, activation);
  backward(backwardRow, 1, false, T, B, H, scratch);
}

function backwardRow(
  at: usize,
  _h: usize,
  _c: usize,
  dState: usize,
  _dCell: usize,
  H: usize,
): void {
  const relu = isRelu();
  let y = argument(Slot.Output) + at, dOutput = argument(Slot.DOutput) + at;
  let da = argument(Slot.DInput) + at;
  const end = da + ((H & ~3) << 2), rest = H & 3;
  for (; da < end; da += 16, y += 16, dOutput += 16, dState += 16) {
    const dy = f32x4.add(v128.load(dOutput), v128.load(dState));
    v128.store(da, f32x4.mul(dy, slope(v128.load(y), relu)));
  }
  if (!rest) return;
  const dy = f32x4.add(loadUpTo(dOutput, rest), loadUpTo(dState, rest));
  storeFirst(da, rest, f32x4.mul(dy, slope(loadUpTo(y, rest), relu)));
}

/** f' at the output y: of tanh `1 − y²`, of relu 1 where `y > 0`. */
function slope(y: v128, relu: bool): v128 {
  const one = f32x4.splat(1);
  return relu
    ? v128.and(f32x4.gt(y, f32x4.splat(0)), one)
    : f32x4.sub(one, f32x4.mul(y, y));
}
