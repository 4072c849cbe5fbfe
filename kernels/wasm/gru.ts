/** A layer of gated recurrent units. Reference: `lib/backend/reference/gru.ts`. */

import { sigmoids } from "./activations";
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

/** r, z and n, of which the last has a bias within the reset gate's reach. */
const GATES: usize = 3;

/** Bytes of scratch that `gru` needs. */
export function gruScratch(_T: usize, B: usize, H: usize): f64 {
  return layOut(0, GATES, B, H);
}

/**
 *     r, z = σ(x + h_(t-1) · weightᵀ + bias)     m = h_(t-1) · W_nᵀ + hiddenBias
 *     n    = tanh(x_n + bias_n + r ⊙ m)          h_t = (1 − z) ⊙ n + z ⊙ h_(t-1)
 */
export function gru(
  input: usize, // (T, B, 3H)
  weight: usize, // (3H, H)
  bias: usize, // (3H)
  hiddenBias: usize, // (H)
  initialState: usize, // (B, H)
  output: usize, // (T, B, H)
  gates: usize, // (T, B, 4H): r, z, n, m
  T: usize,
  B: usize,
  H: usize,
  scratch: usize,
): void {
  setLayer(input, weight, bias, initialState, output);
  setArgument(Slot.HiddenBias, hiddenBias);
  setArgument(Slot.Gates, gates);
  // The three sums lie a gate late, so that that of m lies where m will.
  forward(forwardRow, GATES, gates + (H << 2), 4, T, B, H, scratch);
}

function forwardRow(at: usize, h: usize, _c: usize, H: usize): void {
  const G = H << 2; // bytes from a gate to the next
  const gates = argument(Slot.Gates) + 4 * at, y = argument(Slot.Output) + at;
  const x = argument(Slot.Input) + 3 * at, bias = argument(Slot.Bias);
  const hiddenBias = argument(Slot.HiddenBias);
  sigmoids(x, bias, gates + G, gates, 2 * H);
  const one = f32x4.splat(1);
  for (let j: usize = 0; j < G; j += 16) {
    const left = (G - j) >> 2, gate = gates + j, last = j + 2 * G;
    const xn = f32x4.add(loadUpTo(x + last, left), loadUpTo(bias + last, left));
    const r = loadUpTo(gate, left), z = loadUpTo(gate + G, left);
    const product = loadUpTo(gate + 3 * G, left);
    const m = f32x4.add(product, loadUpTo(hiddenBias + j, left));
    const n = tanh(f32x4.add(xn, f32x4.mul(r, m)));
    storeUpTo(gate + 2 * G, left, n);
    storeUpTo(gate + 3 * G, left, m);
    const candidate = f32x4.mul(f32x4.sub(one, z), n);
    const kept = f32x4.mul(z, loadUpTo(h + j, left));
    storeUpTo(y + j, left, f32x4.add(candidate, kept));
  }
}

/** Bytes of scratch that `gruBackward` needs. */
export function gruBackwardScratch(_T: usize, B: usize, H: usize): f64 {
  return layOutBackward(0, GATES, B, H);
}

/**
 * With `dh_t` the gradient by `h_t`, from `dOutput_t` and from the step after, from
 * the last step to the first:
 *
 *     da_n = dh_t ⊙ (1 − z) ⊙ (1 − n²)       da_z = dh_t ⊙ (h_(t-1) − n) ⊙ z ⊙ (1 − z)
 *     dm   = da_n ⊙ r                        da_r = da_n ⊙ m ⊙ r ⊙ (1 − r)
 *     dh_(t-1) = dOutput_(t-1) + dh_t ⊙ z + (da_r, da_z, dm) · weight
 *
 * `dInput` is `da_r, da_z, da_n`, and `dSums` `da_r, da_z, dm`.
 */
export function gruBackward(
  weight: usize, // (3H, H)
  initialState: usize, // (B, H)
  output: usize, // (T, B, H)
  gates: usize, // (T, B, 4H)
  dOutput: usize, // (T, B, H)
  dInput: usize, // (T, B, 3H)
  dSums: usize, // (T, B, 3H)
  T: usize,
  B: usize,
  H: usize,
  scratch: usize,
): void {
  setBackward(weight, dOutput, dInput, dSums);
  setArgument(Slot.InitialState, initialState);
  setArgument(Slot.Output, output);
  setArgument(Slot.Gates, gates);
  backward(backwardRow, GATES, true, T, B, H, scratch);
}

/** Leaves `dh_t ⊙ z` in `dState`. */
function backwardRow(
  at: usize,
  h: usize,
  _c: usize,
  dState: usize,
  _dCell: usize,
  H: usize,
): void {
  const G = H << 2; // bytes from a gate to the next
  const gates = argument(Slot.Gates) + 4 * at;
  const dOutput = argument(Slot.DOutput) + at;
  const dInput = argument(Slot.DInput) + 3 * at;
  const dSums = argument(Slot.DSums) + 3 * at;
  const one = f32x4.splat(1);
  for (let j: usize = 0; j < G; j += 16) {
    const left = (G - j) >> 2, gate = gates + j;
    const da = dInput + j, sums = dSums + j;
    const r = loadUpTo(gate, left), z = loadUpTo(gate + G, left);
    const n = loadUpTo(gate + 2 * G, left), m = loadUpTo(gate + 3 * G, left);
    const carried = loadUpTo(dState + j, left);
    const dh = f32x4.add(loadUpTo(dOutput + j, left), carried);
    const dn = f32x4.mul(dh, f32x4.sub(one, z));
    const dan = f32x4.mul(dn, f32x4.sub(one, f32x4.mul(n, n)));
    const danr = f32x4.mul(dan, r);
    const change = f32x4.sub(loadUpTo(h + j, left), n);
    const dar = f32x4.mul(f32x4.mul(danr, m), f32x4.sub(one, r));
    const daz = f32x4.mul(f32x4.mul(dn, change), z);
    storeUpTo(da, left, dar);
    storeUpTo(da + G, left, daz);
    storeUpTo(da + 2 * G, left, dan);
    storeUpTo(sums, left, dar);
    storeUpTo(sums + G, left, daz);
    storeUpTo(sums + 2 * G, left, danr);
    storeUpTo(dState + j, left, f32x4.mul(dh, z));
  }
}
