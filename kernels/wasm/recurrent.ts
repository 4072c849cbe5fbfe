/**
 * What recurrent layers share: who does which rows, the gates' nonlinearities, and the
 * gradient of the weight.
 */

import { argument, setArgument, THREADS } from "./control";
import { sigmoid, tanh } from "./functions";
import { FEW_ROWS } from "./linear";
import { packedBytes } from "./pack";
import { addColumns, beginPacking, packAll, product } from "./product";
import {
  beginScratch,
  position,
  reserve,
  reserveFrom,
  scratchEnd,
} from "./scratch";
import { least, loadUpTo, storeUpTo } from "./simd";
import { runPhase } from "./threads";

/** What lies in the scratch of a recurrent layer. */
export const enum Area {
  States, // (B, H) of the step before, packed 4 wide
  Weights, // packed 8 wide
  DHidden, // (T, B, apart · H), gradients by what a gate has of the state, where that is apart
  Gradients, // (B, G · H), of the step after, packed 4 wide
  DState, // (B, H)
  DCell, // (B, H)
  Previous, // (T · B, H), the states a step late, packed 8 wide
  Transposed, // (T · B, G · H), the gates' gradients, packed 4 wide
}

/** Lays out the scratch of a layer with `G` gates. */
export function layOutForward(
  scratch: usize,
  G: usize,
  B: usize,
  H: usize,
): f64 {
  beginScratch(scratch);
  if (B < FEW_ROWS) return scratchEnd();
  reserve(Area.States, packedBytes(B, H, 4));
  reserve(Area.Weights, packedBytes(G * H, H, 8));
  return scratchEnd();
}

/** Lays out the scratch of its backward pass, with `apart` parts in `DHidden`. */
export function layOutBackward(
  scratch: usize,
  G: usize,
  apart: usize,
  T: usize,
  B: usize,
  H: usize,
): f64 {
  const state = <u64> B * H << 2;
  beginScratch(scratch);
  reserve(Area.DHidden, state * T * apart);
  const walk = position();
  reserve(Area.Gradients, packedBytes(B, G * H, 4));
  reserve(Area.DState, state);
  reserve(Area.DCell, state);
  reserve(Area.Weights, packedBytes(H, G * H, 8));
  // After the walk through time, in its place: the factors of the weight's gradient.
  reserveFrom(walk);
  reserve(Area.Previous, packedBytes(H, T * B, 8));
  reserve(Area.Transposed, packedBytes(G * H, T * B, 4));
  return scratchEnd();
}

// Arguments of every recurrent layer's pieces, behind its own.
const SHARED: usize = 12;

/**
 * Threads take a tile's rows of the batch at a time, through all steps: small pieces,
 * so that a thread whose processor is taken away leaves the others little to wait
 * for. A thread alone takes all rows, which share each panel of the weight then.
 *
 * @param gates Number of the cell's gates, 1 in a vanilla layer.
 */
export function shareRows(
  does: (piece: usize, thread: usize) => void,
  T: usize,
  B: usize,
  H: usize,
  gates: usize,
): void {
  const rows: usize = load<i32>(THREADS) > 1 ? 4 : B;
  setArgument(SHARED, T);
  setArgument(SHARED + 1, B);
  setArgument(SHARED + 2, H);
  setArgument(SHARED + 3, rows);
  const work = 2 * <f64> T * <f64> B * <f64> H * <f64> (gates * H);
  runPhase(does, (B + rows - 1) / rows, work);
}

/** T, B and H of the layer in hand. */
export function numSteps(): usize {
  return argument(SHARED);
}

export function batchSize(): usize {
  return argument(SHARED + 1);
}

export function hiddenSize(): usize {
  return argument(SHARED + 2);
}

/** The first row of the batch that a piece does. */
export function firstRow(piece: usize): usize {
  return piece * argument(SHARED + 3);
}

/** How many it does. */
export function rowsOf(piece: usize): usize {
  return least(argument(SHARED + 3), batchSize() - firstRow(piece));
}

/**
 * `y = σ(x + bias + product)`; `y` may be the product, or lie before it. A pass of its
 * own, as `tanhs`: it reads and writes in one sweep what lies in one piece.
 */
export function sigmoids(
  x: usize,
  bias: usize,
  product: usize,
  y: usize,
  count: usize,
): void {
  for (let i: usize = 0; i < count; i += 4) {
    const n = count - i;
    storeUpTo(y, n, sigmoid(sum(x, bias, product, n)));
    x += 16;
    bias += 16;
    product += 16;
    y += 16;
  }
}

/** `y = tanh(x + bias + y)`. */
export function tanhs(x: usize, bias: usize, y: usize, count: usize): void {
  for (let i: usize = 0; i < count; i += 4) {
    const n = count - i;
    storeUpTo(y, n, tanh(sum(x, bias, y, n)));
    x += 16;
    bias += 16;
    y += 16;
  }
}

/** `x + bias + product`, up to four of them. */
function sum(x: usize, bias: usize, product: usize, n: usize): v128 {
  const inputs = f32x4.add(loadUpTo(x, n), loadUpTo(bias, n));
  return f32x4.add(inputs, loadUpTo(product, n));
}

/** Packs the states a step late, `h_(t-1)`: the right factor of `weightGradient`. */
export function packStates(
  initialState: usize, // (B, H)
  output: usize, // (T, B, H)
  previous: usize, // (T · B, H), packed 8 wide
  T: usize,
  B: usize,
  H: usize,
): void {
  beginPacking();
  addColumns(initialState, B, output, H << 2, H, T * B, previous, 8);
  packAll();
}

/** `dWeight = Σ_t da_tᵀ · h_(t-1)`, as one product over all steps and rows. */
export function weightGradient(
  da: usize, // (rows, columns)
  stride: usize, // bytes from a row of da to the next
  columns: usize,
  previous: usize, // (rows, H), packed 8 wide
  dWeight: usize, // (columns, H)
  rows: usize,
  H: usize,
  scratch: usize,
): void {
  beginPacking();
  addColumns(0, 0, da, stride, columns, rows, scratch, 4);
  packAll();
  product(scratch, previous, 0, dWeight, columns, H, rows);
}
