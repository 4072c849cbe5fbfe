/** A layer of long short-term memory. Reference: `lib/backend/reference/lstm.ts`. */

import { sigmoids, tanhs } from "./activations";
import { argument, setArgument } from "./control";
import { tanh } from "./functions";
import {
  backward,
  forward,
  layOut,
  layOutBackward,
  setBackward,
  setLayer,
  Slot,
} from "./recurrent";
import { loadUpTo, storeUpTo } from "./simd";

/** i, f, g and o. */
const GATES: usize = 4;

/** Bytes of scratch that `lstm` needs. */
export function lstmScratch(_T: usize, B: usize, H: usize): f64 {
  return layOut(0, GATES, B, H);
}

/**
 *     i, f, o = σ(a)   g = tanh(a)   of  a = x_t + h_(t-1) · weightᵀ + bias
 *     c_t = f ⊙ c_(t-1) + i ⊙ g      h_t = o ⊙ tanh(c_t)
 */
export function lstm(
  input: usize, // (T, B, 4H)
  weight: usize, // (4H, H)
  bias: usize, // (4H)
  initialState: usize, // (B, H)
  initialCell: usize, // (B, H)
  output: usize, // (T, B, H)
  cells: usize, // (T, B, H)
  gates: usize, // (T, B, 4H)
  T: usize,
  B: usize,
  H: usize,
  scratch: usize,
): void {
  setLayer(input, weight, bias, initialState, output);
  setArgument(Slot.InitialCell, initialCell);
  setArgument(Slot.Cells, cells);
  setArgument(Slot.Gates, gates);
  forward(forwardRow, GATES, gates, 4, T, B, H, scratch);
}

function forwardRow(at: usize, _h: usize, c: usize, H: usize): void {
  const G = H << 2; // bytes from a gate to the next
  const x = argument(Slot.Input) + 4 * at, bias = argument(Slot.Bias);
  const gates = argument(Slot.Gates) + 4 * at;
  const cells = argument(Slot.Cells) + at, y = argument(Slot.Output) + at;
  sigmoids(x, bias, gates, gates, 2 * H);
  tanhs(x + 2 * G, bias + 2 * G, gates + 2 * G, H);
  sigmoids(x + 3 * G, bias + 3 * G, gates + 3 * G, gates + 3 * G, H);
  for (let j: usize = 0; j < G; j += 16) {
    const n = (G - j) >> 2, gate = gates + j;
    const i = loadUpTo(gate, n), f = loadUpTo(gate + G, n);
    const g = loadUpTo(gate + 2 * G, n), o = loadUpTo(gate + 3 * G, n);
    const kept = f32x4.mul(f, loadUpTo(c + j, n));
    const next = f32x4.add(kept, f32x4.mul(i, g));
    storeUpTo(cells + j, n, next);
    storeUpTo(y + j, n, f32x4.mul(o, tanh(next)));
  }
}

/** Bytes of scratch that `lstmBackward` needs. */
export function lstmBackwardScratch(_T: usize, B: usize, H: usize): f64 {
  return layOutBackward(0, GATES, B, H);
}

/**
 * With `dh_t` and `dc_t` the gradients by `h_t` and `c_t`, those from the step after
 * included, from the last step to the first:
 *
 *     dc_t += dh_t ⊙ o ⊙ (1 − tanh² c_t)
 *     da_i = dc_t ⊙ g ⊙ i ⊙ (1 − i)          da_g = dc_t ⊙ i ⊙ (1 − g²)
 *     da_f = dc_t ⊙ c_(t-1) ⊙ f ⊙ (1 − f)    da_o = dh_t ⊙ tanh c_t ⊙ o ⊙ (1 − o)
 *     dc_(t-1) = dc_t ⊙ f                    dh_(t-1) = dOutput_(t-1) + da · weight
 */
export function lstmBackward(
  weight: usize, // (4H, H)
  initialCell: usize, // (B, H)
  cells: usize, // (T, B, H)
  gates: usize, // (T, B, 4H)
  dOutput: usize, // (T, B, H)
  dInput: usize, // (T, B, 4H)
  T: usize,
  B: usize,
  H: usize,
  scratch: usize,
): void {
  setBackward(weight, dOutput, dInput, dInput);
  setArgument(Slot.InitialCell, initialCell);
  setArgument(Slot.Cells, cells);
  setArgument(Slot.Gates, gates);
  backward(backwardRow, GATES, false, T, B, H, scratch);
}

/** Leaves `dc_t ⊙ f` in `dCell`. */
function backwardRow(
  at: usize,
  _h: usize,
  c: usize,
  dState: usize,
  dCell: usize,
  H: usize,
): void {
  const G = H << 2; // bytes from a gate to the next
  const gates = argument(Slot.Gates) + 4 * at;
  const cells = argument(Slot.Cells) + at;
  const dOutput = argument(Slot.DOutput) + at;
  const dInput = argument(Slot.DInput) + 4 * at;
  const one = f32x4.splat(1);
  for (let j: usize = 0; j < G; j += 16) {
    const n = (G - j) >> 2, gate = gates + j, da = dInput + j;
    const i = loadUpTo(gate, n), f = loadUpTo(gate + G, n);
    const g = loadUpTo(gate + 2 * G, n), o = loadUpTo(gate + 3 * G, n);
    const bounded = tanh(loadUpTo(cells + j, n)); // tanh c_t
    const dh = f32x4.add(loadUpTo(dOutput + j, n), loadUpTo(dState + j, n));
    const dho = f32x4.mul(dh, o);
    const slope = f32x4.sub(one, f32x4.mul(bounded, bounded));
    const dc = f32x4.add(loadUpTo(dCell + j, n), f32x4.mul(dho, slope));
    const di = f32x4.mul(dc, i), df = f32x4.mul(dc, f);
    const dai = f32x4.mul(f32x4.mul(di, g), f32x4.sub(one, i));
    const before = loadUpTo(c + j, n);
    const daf = f32x4.mul(f32x4.mul(df, before), f32x4.sub(one, f));
    const dag = f32x4.mul(di, f32x4.sub(one, f32x4.mul(g, g)));
    const dao = f32x4.mul(f32x4.mul(dho, bounded), f32x4.sub(one, o));
    storeUpTo(da, n, dai);
    storeUpTo(da + G, n, daf);
    storeUpTo(da + 2 * G, n, dag);
    storeUpTo(da + 3 * G, n, dao);
    storeUpTo(dCell + j, n, df);
  }
}
