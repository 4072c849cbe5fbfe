/** A layer of long short-term memory. Reference: `lib/backend/reference/lstm.ts`. */

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
  tanhs,
  weightGradient,
} from "./recurrent";
import { rowTimesMatrix } from "./rows";
import { areaOf } from "./scratch";
import { loadUpTo, storeUpTo } from "./simd";

/** Bytes of scratch that `lstm` needs. */
export function lstmScratch(_T: usize, B: usize, H: usize): f64 {
  return layOutForward(0, 4, B, H);
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
  if (B < FEW_ROWS) {
    // deno-fmt-ignore
    rowByRow(input, weight, bias, initialState, initialCell, output, cells, gates, T * B, B, H);
    return;
  }
  layOutForward(scratch, 4, B, H);
  const states = areaOf(Area.States), weights = areaOf(Area.Weights);
  beginPacking();
  addRows(weight, H << 2, 4 * H, H, weights, 8);
  packAll();
  setArgument(0, input);
  setArgument(1, weights);
  setArgument(2, bias);
  setArgument(3, initialState);
  setArgument(4, initialCell);
  setArgument(5, output);
  setArgument(6, cells);
  setArgument(7, gates);
  setArgument(8, states);
  shareRows(lstmPiece, T, B, H, 4);
}

/** All steps of some rows of the batch. */
function lstmPiece(piece: usize, thread: usize): void {
  const T = numSteps(), B = batchSize(), H = hiddenSize();
  const rows = rowsOf(piece);
  const stride = H << 2, skip = firstRow(piece) * stride;
  const weights = argument(1), bias = argument(2);
  const state = argument(8) + skip; // packed 4 wide
  let input = argument(0) + 4 * skip, gates = argument(7) + 4 * skip;
  let output = argument(5) + skip, cells = argument(6) + skip;
  let previous = argument(4) + skip; // c_(t-1)
  packRows(argument(3) + skip, stride, 0, rows, H, state, 4);
  for (let t: usize = 0; t < T; t++) {
    multiply(state, weights, gates, 4 * stride, rows, 4 * H, H, false, thread);
    for (let row: usize = 0; row < rows; row++) {
      const at = row * stride;
      // deno-fmt-ignore
      step(input + 4 * at, bias, previous + at, gates + 4 * at, cells + at, output + at, H);
    }
    if (t + 1 < T) packRows(output, stride, 0, rows, H, state, 4);
    previous = cells;
    input += 4 * B * stride;
    gates += 4 * B * stride;
    cells += B * stride;
    output += B * stride;
  }
}

/** Step by step, row by row; `rows` is T · B. */
function rowByRow(
  input: usize,
  weight: usize,
  bias: usize,
  state: usize,
  cell: usize,
  output: usize,
  cells: usize,
  gates: usize,
  rows: usize,
  B: usize,
  H: usize,
): void {
  const stride = H << 2;
  for (let row: usize = 0; row < rows; row++) {
    const at = row * stride;
    // The row of the same text a step before.
    const before = (row - B) * stride;
    const h = row < B ? state + at : output + before;
    const c = row < B ? cell + at : cells + before;
    rowTimesMatrix(h, weight, 0, gates + 4 * at, H, 4 * H);
    // deno-fmt-ignore
    step(input + 4 * at, bias, c, gates + 4 * at, cells + at, output + at, H);
  }
}

/** One step of one row; `gates` holds `h_(t-1) · weightᵀ` before. */
function step(
  x: usize, // (4H)
  bias: usize, // (4H)
  previous: usize, // (H), c_(t-1)
  gates: usize, // (4H)
  cell: usize, // (H)
  y: usize, // (H)
  H: usize,
): void {
  const G = H << 2; // bytes from a gate to the next
  sigmoids(x, bias, gates, gates, 2 * H);
  tanhs(x + 2 * G, bias + 2 * G, gates + 2 * G, H);
  sigmoids(x + 3 * G, bias + 3 * G, gates + 3 * G, gates + 3 * G, H);
  for (let h: usize = 0; h < H; h += 4) {
    const n = H - h;
    const i = loadUpTo(gates, n), f = loadUpTo(gates + G, n);
    const g = loadUpTo(gates + 2 * G, n), o = loadUpTo(gates + 3 * G, n);
    const kept = f32x4.mul(f, loadUpTo(previous, n));
    const c = f32x4.add(kept, f32x4.mul(i, g));
    storeUpTo(cell, n, c);
    storeUpTo(y, n, f32x4.mul(o, tanh(c)));
    gates += 16;
    previous += 16;
    cell += 16;
    y += 16;
  }
}

/** Bytes of scratch that `lstmBackward` needs. */
export function lstmBackwardScratch(T: usize, B: usize, H: usize): f64 {
  return layOutBackward(0, 4, 0, T, B, H);
}

/**
 * With `dh_t` and `dc_t` the gradients by `h_t` and `c_t`, those from the step after
 * included, from the last step to the first:
 *
 *     dc_t += dh_t ⊙ o ⊙ (1 − tanh² c_t)
 *     da_i = dc_t ⊙ g ⊙ i ⊙ (1 − i)          da_g = dc_t ⊙ i ⊙ (1 − g²)
 *     da_f = dc_t ⊙ c_(t-1) ⊙ f ⊙ (1 − f)    da_o = dh_t ⊙ tanh c_t ⊙ o ⊙ (1 − o)
 *     dc_(t-1) = dc_t ⊙ f                    dh_(t-1) = dOutput_(t-1) + da · weight
 *
 * `dInput` is `da`, `dWeight` is `Σ_t daᵀ · h_(t-1)`, `dBias` the sum of `da`.
 */
export function lstmBackward(
  weight: usize, // (4H, H)
  initialState: usize, // (B, H)
  initialCell: usize, // (B, H)
  output: usize, // (T, B, H)
  cells: usize, // (T, B, H)
  gates: usize, // (T, B, 4H)
  dOutput: usize, // (T, B, H)
  dInput: usize, // (T, B, 4H)
  dWeight: usize, // (4H, H)
  dBias: usize, // (4H)
  T: usize,
  B: usize,
  H: usize,
  scratch: usize,
): void {
  const rows = T * B, stride = H << 2;
  layOutBackward(scratch, 4, 0, T, B, H);
  const weights = areaOf(Area.Weights);
  beginPacking();
  addColumns(0, 0, weight, stride, H, 4 * H, weights, 8);
  packAll();
  setArgument(0, initialCell);
  setArgument(1, weights);
  setArgument(2, cells);
  setArgument(3, gates);
  setArgument(4, dOutput);
  setArgument(5, dInput);
  setArgument(6, areaOf(Area.Gradients));
  setArgument(7, areaOf(Area.DState));
  setArgument(8, areaOf(Area.DCell));
  shareRows(lstmBackwardPiece, T, B, H, 4);

  const previous = areaOf(Area.Previous);
  const transposed = areaOf(Area.Transposed);
  packStates(initialState, output, previous, T, B, H);
  weightGradient(
    dInput,
    4 * stride,
    4 * H,
    previous,
    dWeight,
    rows,
    H,
    transposed,
  );
  columnSums(dInput, dBias, rows, 4 * H);
}

/** All steps, backwards, of some rows of the batch. */
function lstmBackwardPiece(piece: usize, thread: usize): void {
  const T = numSteps(), B = batchSize(), H = hiddenSize();
  const rows = rowsOf(piece);
  const stride = H << 2, skip = firstRow(piece) * stride;
  const weights = argument(1);
  const gradient = argument(6) + 4 * skip; // da_(t+1), packed 4 wide
  const dState = argument(7) + skip, dCell = argument(8) + skip;
  const last = (T - 1) * B * stride + skip;
  let cells = argument(2) + last, gates = argument(3) + 4 * last;
  let dOutput = argument(4) + last, dInput = argument(5) + 4 * last;
  memory.fill(dState, 0, rows * stride);
  memory.fill(dCell, 0, rows * stride);
  for (let t = T; t > 0; t--) {
    if (t < T) {
      multiply(
        gradient,
        weights,
        dState,
        stride,
        rows,
        H,
        4 * H,
        false,
        thread,
      );
    }
    const previous = t > 1 ? cells - B * stride : argument(0) + skip;
    for (let row: usize = 0; row < rows; row++) {
      const at = row * stride;
      // deno-fmt-ignore
      derive(gates + 4 * at, cells + at, previous + at, dOutput + at, dState + at, dCell + at, dInput + 4 * at, H);
    }
    if (t > 1) packRows(dInput, 4 * stride, 0, rows, 4 * H, gradient, 4);
    cells -= B * stride;
    gates -= 4 * B * stride;
    dOutput -= B * stride;
    dInput -= 4 * B * stride;
  }
}

/** One step back of one row; `dCell` goes in as `dc_t` of the step after. */
function derive(
  gates: usize, // (4H)
  cell: usize, // (H), c_t
  previous: usize, // (H), c_(t-1)
  dOutput: usize, // (H)
  dState: usize, // (H)
  dCell: usize, // (H)
  da: usize, // (4H)
  H: usize,
): void {
  const G = H << 2; // bytes from a gate to the next
  const one = f32x4.splat(1);
  for (let h: usize = 0; h < H; h += 4) {
    const n = H - h;
    const i = loadUpTo(gates, n), f = loadUpTo(gates + G, n);
    const g = loadUpTo(gates + 2 * G, n), o = loadUpTo(gates + 3 * G, n);
    const c = tanh(loadUpTo(cell, n));
    const dh = f32x4.add(loadUpTo(dOutput, n), loadUpTo(dState, n));
    const dho = f32x4.mul(dh, o);
    const dc = f32x4.add(
      loadUpTo(dCell, n),
      f32x4.mul(dho, f32x4.sub(one, f32x4.mul(c, c))),
    );
    const di = f32x4.mul(dc, i), df = f32x4.mul(dc, f);
    storeUpTo(da, n, f32x4.mul(f32x4.mul(di, g), f32x4.sub(one, i)));
    storeUpTo(
      da + G,
      n,
      f32x4.mul(f32x4.mul(df, loadUpTo(previous, n)), f32x4.sub(one, f)),
    );
    storeUpTo(
      da + 2 * G,
      n,
      f32x4.mul(di, f32x4.sub(one, f32x4.mul(g, g))),
    );
    storeUpTo(
      da + 3 * G,
      n,
      f32x4.mul(f32x4.mul(dho, c), f32x4.sub(one, o)),
    );
    storeUpTo(dCell, n, df);
    gates += 16;
    cell += 16;
    previous += 16;
    dOutput += 16;
    dState += 16;
    dCell += 16;
    da += 16;
  }
}
