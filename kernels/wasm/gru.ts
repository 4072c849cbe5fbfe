/** A layer of gated recurrent units. Reference: `lib/backend/reference/gru.ts`. */

import { argument, setArgument } from "./control";
import { tanh } from "./functions";
import { columnSums, FEW_ROWS } from "./linear";
import { packRows } from "./pack";
import {
  addColumns,
  addRows,
  beginPacking,
  multiply,
  packAll,
} from "./product";
import {
  Area,
  batchSize,
  firstRow,
  hiddenSize,
  layOutBackward,
  layOutForward,
  numSteps,
  packStates,
  rowsOf,
  shareRows,
  sigmoids,
  weightGradient,
} from "./recurrent";
import { rowTimesMatrix } from "./rows";
import { areaOf } from "./scratch";
import { least, loadUpTo, storeUpTo } from "./simd";

/** Bytes of scratch that `gru` needs. */
export function gruScratch(_T: usize, B: usize, H: usize): f64 {
  return layOutForward(0, 3, B, H);
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
  gates: usize, // (T, B, 4H)
  T: usize,
  B: usize,
  H: usize,
  scratch: usize,
): void {
  if (B < FEW_ROWS) {
    // deno-fmt-ignore
    rowByRow(input, weight, bias, hiddenBias, initialState, output, gates, T * B, B, H);
    return;
  }
  layOutForward(scratch, 3, B, H);
  const states = areaOf(Area.States), weights = areaOf(Area.Weights);
  beginPacking();
  addRows(weight, H << 2, 3 * H, H, weights, 8);
  packAll();
  setArgument(0, input);
  setArgument(1, weights);
  setArgument(2, bias);
  setArgument(3, hiddenBias);
  setArgument(4, initialState);
  setArgument(5, output);
  setArgument(6, gates);
  setArgument(7, states);
  shareRows(gruPiece, T, B, H, 3);
}

/** All steps of some rows of the batch. */
function gruPiece(piece: usize, thread: usize): void {
  const T = numSteps(), B = batchSize(), H = hiddenSize();
  const rows = rowsOf(piece);
  const stride = H << 2, skip = firstRow(piece) * stride;
  const weights = argument(1), bias = argument(2), hiddenBias = argument(3);
  const state = argument(7) + skip; // packed 4 wide
  let input = argument(0) + 3 * skip, gates = argument(6) + 4 * skip;
  let output = argument(5) + skip;
  let previous = argument(4) + skip; // h_(t-1)
  packRows(previous, stride, 0, rows, H, state, 4);
  for (let t: usize = 0; t < T; t++) {
    // The three sums lie a gate late, so that that of m lies where m will.
    const sums = gates + stride;
    multiply(state, weights, sums, 4 * stride, rows, 3 * H, H, false, thread);
    for (let row: usize = 0; row < rows; row++) {
      const at = row * stride;
      // deno-fmt-ignore
      step(input + 3 * at, bias, hiddenBias, previous + at, gates + 4 * at, output + at, H);
    }
    if (t + 1 < T) packRows(output, stride, 0, rows, H, state, 4);
    previous = output;
    input += 3 * B * stride;
    gates += 4 * B * stride;
    output += B * stride;
  }
}

/** Step by step, row by row; `rows` is T · B. */
function rowByRow(
  input: usize,
  weight: usize,
  bias: usize,
  hiddenBias: usize,
  state: usize,
  output: usize,
  gates: usize,
  rows: usize,
  B: usize,
  H: usize,
): void {
  const stride = H << 2;
  for (let row: usize = 0; row < rows; row++) {
    const at = row * stride;
    // The row of the same text a step before.
    const h = row < B ? state + at : output + at - B * stride;
    rowTimesMatrix(h, weight, 0, gates + 4 * at + stride, H, 3 * H);
    // deno-fmt-ignore
    step(input + 3 * at, bias, hiddenBias, h, gates + 4 * at, output + at, H);
  }
}

/** One step of one row; behind its first H, `gates` holds `h_(t-1) · weightᵀ` before. */
function step(
  x: usize, // (3H)
  bias: usize, // (3H)
  hiddenBias: usize, // (H)
  previous: usize, // (H), h_(t-1)
  gates: usize, // (4H)
  y: usize, // (H)
  H: usize,
): void {
  const G = H << 2; // bytes from a gate to the next
  sigmoids(x, bias, gates + G, gates, 2 * H);
  x += 2 * G;
  bias += 2 * G;
  const one = f32x4.splat(1);
  for (let h: usize = 0; h < H; h += 4) {
    const left = H - h;
    const xn = f32x4.add(loadUpTo(x, left), loadUpTo(bias, left));
    const r = loadUpTo(gates, left), z = loadUpTo(gates + G, left);
    const product = loadUpTo(gates + 3 * G, left);
    const m = f32x4.add(product, loadUpTo(hiddenBias, left));
    const n = tanh(f32x4.add(xn, f32x4.mul(r, m)));
    storeUpTo(gates + 2 * G, left, n);
    storeUpTo(gates + 3 * G, left, m);
    const candidate = f32x4.mul(f32x4.sub(one, z), n);
    const kept = f32x4.mul(z, loadUpTo(previous, left));
    storeUpTo(y, left, f32x4.add(candidate, kept));
    x += 16;
    bias += 16;
    hiddenBias += 16;
    previous += 16;
    gates += 16;
    y += 16;
  }
}

/** Bytes of scratch that `gruBackward` needs. */
export function gruBackwardScratch(T: usize, B: usize, H: usize): f64 {
  return layOutBackward(0, 3, 1, T, B, H);
}

/**
 * With `dh_t` the gradient by `h_t`, from `dOutput_t` and from the step after, from
 * the last step to the first:
 *
 *     da_n = dh_t ⊙ (1 − z) ⊙ (1 − n²)       da_z = dh_t ⊙ (h_(t-1) − n) ⊙ z ⊙ (1 − z)
 *     dm   = da_n ⊙ r                        da_r = da_n ⊙ m ⊙ r ⊙ (1 − r)
 *     dh_(t-1) = dOutput_(t-1) + dh_t ⊙ z + (da_r, da_z, dm) · weight
 *
 * `dInput` is `da_r, da_z, da_n` and `dBias` its sum, `dWeight` is
 * `Σ_t (da_r, da_z, dm)ᵀ · h_(t-1)` and `dHiddenBias` the sum of `dm`.
 */
export function gruBackward(
  weight: usize, // (3H, H)
  initialState: usize, // (B, H)
  output: usize, // (T, B, H)
  gates: usize, // (T, B, 4H)
  dOutput: usize, // (T, B, H)
  dInput: usize, // (T, B, 3H)
  dWeight: usize, // (3H, H)
  dBias: usize, // (3H)
  dHiddenBias: usize, // (H)
  T: usize,
  B: usize,
  H: usize,
  scratch: usize,
): void {
  const rows = T * B, stride = H << 2;
  layOutBackward(scratch, 3, 1, T, B, H);
  const dm = areaOf(Area.DHidden), weights = areaOf(Area.Weights);
  beginPacking();
  addColumns(0, 0, weight, stride, H, 3 * H, weights, 8);
  packAll();
  setArgument(0, initialState);
  setArgument(1, weights);
  setArgument(2, output);
  setArgument(3, gates);
  setArgument(4, dOutput);
  setArgument(5, dInput);
  setArgument(6, dm);
  setArgument(7, areaOf(Area.Gradients));
  setArgument(8, areaOf(Area.DState));
  shareRows(gruBackwardPiece, T, B, H, 3);

  const previous = areaOf(Area.Previous);
  const transposed = areaOf(Area.Transposed);
  const dWn = dWeight + 2 * H * stride;
  packStates(initialState, output, previous, T, B, H);
  weightGradient(
    dInput,
    3 * stride,
    2 * H,
    previous,
    dWeight,
    rows,
    H,
    transposed,
  );
  weightGradient(dm, stride, H, previous, dWn, rows, H, transposed);
  columnSums(dInput, dBias, rows, 3 * H);
  columnSums(dm, dHiddenBias, rows, H);
}

/** All steps, backwards, of some rows of the batch. */
function gruBackwardPiece(piece: usize, thread: usize): void {
  const T = numSteps(), B = batchSize(), H = hiddenSize();
  const rows = rowsOf(piece);
  const stride = H << 2, skip = firstRow(piece) * stride;
  const weights = argument(1);
  const gradient = argument(7) + 3 * skip; // da_r, da_z, dm, packed 4 wide
  const dState = argument(8) + skip; // dh_t without dOutput_t
  const last = (T - 1) * B * stride + skip;
  let output = argument(2) + last, gates = argument(3) + 4 * last;
  let dOutput = argument(4) + last, dInput = argument(5) + 3 * last;
  let dm = argument(6) + last;
  memory.fill(dState, 0, rows * stride);
  for (let t = T; t > 0; t--) {
    const previous = t > 1 ? output - B * stride : argument(0) + skip;
    for (let row: usize = 0; row < rows; row++) {
      const at = row * stride;
      // deno-fmt-ignore
      derive(gates + 4 * at, previous + at, dOutput + at, dState + at, dInput + 3 * at, dm + at, H);
    }
    if (t > 1) {
      packGradients(dInput, dm, rows, H, gradient);
      multiply(gradient, weights, dState, stride, rows, H, 3 * H, true, thread);
    }
    output -= B * stride;
    gates -= 4 * B * stride;
    dOutput -= B * stride;
    dInput -= 3 * B * stride;
    dm -= B * stride;
  }
}

/** Packs `da_r` and `da_z` of `dInput`, then `dm`, of each row. */
function packGradients(
  dInput: usize, // (rows, 3H)
  dm: usize, // (rows, H)
  rows: usize,
  H: usize,
  packed: usize, // (rows, 3H), 4 wide
): void {
  const stride = H << 2;
  for (let row: usize = 0; row < rows; row += 4) {
    const count = least(4, rows - row), at = row * stride;
    const panel = packed + 3 * at;
    packRows(dInput + 3 * at, 3 * stride, 0, count, 2 * H, panel, 4);
    packRows(dm + at, stride, 0, count, H, panel + 8 * stride, 4);
  }
}

/** One step back of one row; `dState` goes on as `dh_t ⊙ z`. */
function derive(
  gates: usize, // (4H)
  previous: usize, // (H), h_(t-1)
  dOutput: usize, // (H)
  dState: usize, // (H)
  da: usize, // (3H)
  dm: usize, // (H)
  H: usize,
): void {
  const G = H << 2; // bytes from a gate to the next
  const one = f32x4.splat(1);
  for (let h: usize = 0; h < H; h += 4) {
    const left = H - h;
    const r = loadUpTo(gates, left), z = loadUpTo(gates + G, left);
    const n = loadUpTo(gates + 2 * G, left), m = loadUpTo(gates + 3 * G, left);
    const dh = f32x4.add(loadUpTo(dOutput, left), loadUpTo(dState, left));
    const rest = f32x4.mul(dh, f32x4.sub(one, z));
    const dn = f32x4.mul(rest, f32x4.sub(one, f32x4.mul(n, n)));
    const dnr = f32x4.mul(dn, r);
    const change = f32x4.sub(loadUpTo(previous, left), n);
    storeUpTo(
      da,
      left,
      f32x4.mul(f32x4.mul(dnr, m), f32x4.sub(one, r)),
    );
    storeUpTo(da + G, left, f32x4.mul(f32x4.mul(rest, change), z));
    storeUpTo(da + 2 * G, left, dn);
    storeUpTo(dm, left, dnr);
    storeUpTo(dState, left, f32x4.mul(dh, z));
    gates += 16;
    previous += 16;
    dOutput += 16;
    dState += 16;
    da += 16;
    dm += 16;
  }
}
