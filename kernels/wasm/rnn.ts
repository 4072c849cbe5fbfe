/** A vanilla recurrent layer. Reference: `lib/backend/reference/rnn.ts`. */

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
  weightGradient,
} from "./recurrent";
import { rowTimesMatrix } from "./rows";
import { areaOf } from "./scratch";
import { loadFirst, storeFirst } from "./simd";

/** The number of each `Activation` in backend.ts. */
const enum Activation {
  Tanh,
  Relu,
}

/** Bytes of scratch that `rnn` needs. */
export function rnnScratch(_T: usize, B: usize, H: usize): f64 {
  return layOutForward(0, 1, B, H);
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
  if (B < FEW_ROWS) {
    rowByRow(input, weight, bias, initialState, output, T, B, H, activation);
    return;
  }
  layOutForward(scratch, 1, B, H);
  const states = areaOf(Area.States), weights = areaOf(Area.Weights);
  beginPacking();
  addRows(weight, H << 2, H, H, weights, 8);
  packAll();
  setArgument(0, input);
  setArgument(1, weights);
  setArgument(2, bias);
  setArgument(3, initialState);
  setArgument(4, output);
  setArgument(5, states);
  setArgument(6, activation);
  shareRows(rnnPiece, T, B, H, 1);
}

/** All steps of some rows of the batch. */
function rnnPiece(piece: usize, thread: usize): void {
  const T = numSteps(), B = batchSize(), H = hiddenSize();
  const relu = argument(6) == Activation.Relu;
  const rows = rowsOf(piece);
  const stride = H << 2, skip = firstRow(piece) * stride;
  const weights = argument(1), bias = argument(2);
  const state = argument(5) + skip; // packed 4 wide
  let input = argument(0) + skip, output = argument(4) + skip;
  packRows(argument(3) + skip, stride, 0, rows, H, state, 4);
  for (let t: usize = 0; t < T; t++) {
    multiply(state, weights, output, stride, rows, H, H, false, thread);
    for (let row: usize = 0; row < rows; row++) {
      const at = row * stride;
      activate(input + at, bias, output + at, H, relu);
    }
    if (t + 1 < T) packRows(output, stride, 0, rows, H, state, 4);
    input += B * stride;
    output += B * stride;
  }
}

function rowByRow(
  input: usize,
  weight: usize,
  bias: usize,
  previous: usize,
  output: usize,
  T: usize,
  B: usize,
  H: usize,
  activation: i32,
): void {
  const relu = activation == Activation.Relu;
  for (let t: usize = 0; t < T; t++) {
    for (let b: usize = 0; b < B; b++) {
      const at = (b * H) << 2;
      rowTimesMatrix(previous + at, weight, 0, output + at, H, H);
      activate(input + at, bias, output + at, H, relu);
    }
    previous = output;
    input += (B * H) << 2;
    output += (B * H) << 2;
  }
}

/** `y = f(x + bias + y)` over one row. */
function activate(x: usize, bias: usize, y: usize, H: usize, relu: bool): void {
  const end = y + ((H & ~3) << 2);
  if (relu) {
    for (; y < end; y += 16, x += 16, bias += 16) {
      const inputs = f32x4.add(v128.load(x), v128.load(bias));
      v128.store(y, rectified(f32x4.add(inputs, v128.load(y))));
    }
  } else {
    for (; y < end; y += 16, x += 16, bias += 16) {
      const inputs = f32x4.add(v128.load(x), v128.load(bias));
      v128.store(y, tanh(f32x4.add(inputs, v128.load(y))));
    }
  }
  const rest = H & 3;
  if (!rest) return;
  const zero = f32x4.splat(0);
  const inputs = f32x4.add(
    loadFirst(x, rest, zero),
    loadFirst(bias, rest, zero),
  );
  const sum = f32x4.add(inputs, loadFirst(y, rest, zero));
  storeFirst(y, rest, relu ? rectified(sum) : tanh(sum));
}

/** `x < 0 ? 0 : x`, which keeps NaN. */
function rectified(x: v128): v128 {
  return f32x4.pmax(x, f32x4.splat(0));
}

/** Bytes of scratch that `rnnBackward` needs. */
export function rnnBackwardScratch(T: usize, B: usize, H: usize): f64 {
  return layOutBackward(0, 1, 0, T, B, H);
}

/**
 * With `a_t` for what f was applied to, from the last step to the first:
 *
 *     da_t    = (dOutput_t + da_(t+1) · weight) ⊙ f'(a_t)      (dInput_t = da_t)
 *     dWeight = Σ_t da_tᵀ · output_(t-1)
 *     dBias   = Σ_t da_t, summed over the batch
 */
export function rnnBackward(
  weight: usize, // (H, H)
  initialState: usize, // (B, H)
  output: usize, // (T, B, H)
  dOutput: usize, // (T, B, H)
  dInput: usize, // (T, B, H)
  dWeight: usize, // (H, H)
  dBias: usize, // (H)
  T: usize,
  B: usize,
  H: usize,
  activation: i32,
  scratch: usize,
): void {
  const rows = T * B, stride = H << 2;
  layOutBackward(scratch, 1, 0, T, B, H);
  const weights = areaOf(Area.Weights);
  beginPacking();
  addColumns(0, 0, weight, stride, H, H, weights, 8);
  packAll();
  setArgument(0, output);
  setArgument(1, weights);
  setArgument(2, dOutput);
  setArgument(3, dInput);
  setArgument(4, areaOf(Area.Gradients));
  setArgument(5, activation);
  shareRows(rnnBackwardPiece, T, B, H, 1);

  const previous = areaOf(Area.Previous);
  const transposed = areaOf(Area.Transposed);
  packStates(initialState, output, previous, T, B, H);
  weightGradient(dInput, stride, H, previous, dWeight, rows, H, transposed);
  columnSums(dInput, dBias, rows, H);
}

/** All steps, backwards, of some rows of the batch. */
function rnnBackwardPiece(piece: usize, thread: usize): void {
  const T = numSteps(), B = batchSize(), H = hiddenSize();
  const relu = argument(5) == Activation.Relu;
  const rows = rowsOf(piece);
  const stride = H << 2, skip = firstRow(piece) * stride;
  const weights = argument(1);
  const gradient = argument(4) + skip; // da_(t+1), packed 4 wide
  const last = (T - 1) * B * stride + skip;
  let output = argument(0) + last;
  let dOutput = argument(2) + last, dInput = argument(3) + last;
  for (let t = T; t > 0; t--) {
    if (t < T) {
      multiply(gradient, weights, dInput, stride, rows, H, H, false, thread);
    } else {
      for (let row: usize = 0; row < rows; row++) {
        memory.fill(dInput + row * stride, 0, stride);
      }
    }
    for (let row: usize = 0; row < rows; row++) {
      const at = row * stride;
      derive(output + at, dOutput + at, dInput + at, H, relu);
    }
    if (t > 1) packRows(dInput, stride, 0, rows, H, gradient, 4);
    output -= B * stride;
    dOutput -= B * stride;
    dInput -= B * stride;
  }
}

/** `dx = (dy + dx) · f'`, where f' is `1 − y²` or `y > 0`, over one row. */
function derive(y: usize, dy: usize, dx: usize, H: usize, relu: bool): void {
  const end = y + ((H & ~3) << 2);
  for (; y < end; y += 16, dy += 16, dx += 16) {
    const sum = f32x4.add(v128.load(dy), v128.load(dx));
    v128.store(dx, f32x4.mul(sum, slope(v128.load(y), relu)));
  }
  const rest = H & 3;
  if (!rest) return;
  const zero = f32x4.splat(0);
  const sum = f32x4.add(loadFirst(dy, rest, zero), loadFirst(dx, rest, zero));
  const f = slope(loadFirst(y, rest, zero), relu);
  storeFirst(dx, rest, f32x4.mul(sum, f));
}

function slope(y: v128, relu: bool): v128 {
  const one = f32x4.splat(1);
  return relu
    ? v128.and(f32x4.gt(y, f32x4.splat(0)), one)
    : f32x4.sub(one, f32x4.mul(y, y));
}
