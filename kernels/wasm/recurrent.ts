/**
 * A recurrent layer's walk through time, the same for every cell: the products with the
 * state, who does which rows of the batch, and what goes on from step to step. A cell's
 * file has its equations: one function of a row at one time step, and one backwards,
 * which the walk calls.
 *
 * `at` is everywhere the bytes from the beginning of a tensor `(T, B, H)` to a row of it;
 * in one of `(T, B, 4H)` that row lies at `4 · at`.
 */

import { argument, Region, setArgument, THREADS } from "./control";
import { FEW_ROWS, matrixTimesVector } from "./matrix_vector";
import { packedBytes, packRows } from "./pack";
import { addMatrix, beginPacking, Lines, multiply, packAll } from "./product";
import { areaOf, beginScratch, reserve, scratchEnd } from "./scratch";
import { least } from "./simd";
import { runPhase } from "./threads";

/** The arguments of a layer, which its cell's functions read too. */
export const enum Slot {
  // Tensors that every cell has: see `setLayer` and `setBackward`.
  Input = Region.Recurrent,
  Weight,
  Bias,
  InitialState,
  Output,
  DOutput,
  DInput,
  DSums, // (T, B, G · H), the gradient by the state's share of the sums
  // What some cells have, and set themselves.
  HiddenBias, // (H)
  InitialCell, // (B, H)
  Cells, // (T, B, H)
  Gates, // (T, B, 4H)
  Activation, // a number of the vanilla cell's
  // The walk's own.
  T,
  B,
  H,
  G, // number of gates
  RowFunction, // the cell's, by its index in the module's table
  RowsOfPiece,
  Sums, // where the products with the state lie,
  SumsWidth, // in rows of so many times H numbers
  KeepsState, // whether a part of the state goes on beside the product
}

/** What lies in the scratch. */
export const enum Area {
  States, // (B, H) of the time step before, packed 4 wide
  Weights, // packed 8 wide
  Gradients, // (B, G · H) of the time step after, packed 4 wide
  DState, // (B, H)
  DCell, // (B, H)
}

/** Sets the tensors of a layer that every cell has. */
export function setLayer(
  input: usize, // (T, B, G · H)
  weight: usize, // (G · H, H)
  bias: usize, // (G · H)
  initialState: usize, // (B, H)
  output: usize, // (T, B, H)
): void {
  setArgument(Slot.Input, input);
  setArgument(Slot.Weight, weight);
  setArgument(Slot.Bias, bias);
  setArgument(Slot.InitialState, initialState);
  setArgument(Slot.Output, output);
}

/** Sets the tensors of a layer's backward pass that every cell has. */
export function setBackward(
  weight: usize, // (G · H, H)
  dOutput: usize, // (T, B, H)
  dInput: usize, // (T, B, G · H)
  dSums: usize, // (T, B, G · H), which may be dInput
): void {
  setArgument(Slot.Weight, weight);
  setArgument(Slot.DOutput, dOutput);
  setArgument(Slot.DInput, dInput);
  setArgument(Slot.DSums, dSums);
}

/**
 * Lays out the scratch of `forward` for a cell with `G` gates: its end, from the address
 * 0 on its bytes.
 */
export function layOut(scratch: usize, G: usize, B: usize, H: usize): f64 {
  beginScratch(scratch);
  if (B < FEW_ROWS) return scratchEnd();
  reserve(Area.States, packedBytes(B, H, 4));
  reserve(Area.Weights, packedBytes(G * H, H, 8));
  return scratchEnd();
}

/**
 * Runs a layer. Before `row` is called, the products of the step before's state with the
 * weight, `h · weightᵀ`, lie at `sums` in rows of `width · H` numbers, and `row` leaves
 * there what the backward pass needs.
 *
 * @param row The cell at one time step and row: `h` and `c` are its state and its second
 * state, if it has one, of the step before.
 */
export function forward(
  row: (at: usize, h: usize, c: usize, H: usize) => void,
  G: usize,
  sums: usize,
  width: usize,
  T: usize,
  B: usize,
  H: usize,
  scratch: usize,
): void {
  setArgument(Slot.RowFunction, row.index);
  setArgument(Slot.Sums, sums);
  setArgument(Slot.SumsWidth, width);
  setSizes(G, T, B, H);
  if (B < FEW_ROWS) return forwardRowByRow();
  layOut(scratch, G, B, H);
  const weight = argument(Slot.Weight);
  beginPacking();
  addMatrix(Lines.Rows, weight, H << 2, G * H, H, areaOf(Area.Weights), 8);
  packAll();
  shareRows(forwardPiece);
}

function setSizes(G: usize, T: usize, B: usize, H: usize): void {
  setArgument(Slot.G, G);
  setArgument(Slot.T, T);
  setArgument(Slot.B, B);
  setArgument(Slot.H, H);
}

/**
 * Threads take a tile's rows of the batch at a time, through all steps: small pieces,
 * so that a thread whose processor is taken away leaves the others little to wait
 * for. A thread alone takes all rows, which share each panel of the weight then.
 */
function shareRows(does: (piece: usize, thread: usize) => void): void {
  const B = argument(Slot.B), H = <f64> argument(Slot.H);
  const rows: usize = load<i32>(THREADS) > 1 ? 4 : B;
  setArgument(Slot.RowsOfPiece, rows);
  const products = <f64> argument(Slot.T) * <f64> B * <f64> argument(Slot.G);
  runPhase(does, (B + rows - 1) / rows, 2 * products * H * H);
}

/** The first row of the batch that a piece does. */
function firstRow(piece: usize): usize {
  return piece * argument(Slot.RowsOfPiece);
}

/** How many it does. */
function rowsOf(piece: usize): usize {
  const left = argument(Slot.B) - firstRow(piece);
  return least(argument(Slot.RowsOfPiece), left);
}

/** Bytes from a time step to the next in a tensor `(T, B, H)`. */
function bytesOfStep(): usize {
  return argument(Slot.B) * argument(Slot.H) << 2;
}

/** The row a time step before `at` of a tensor `(T, B, H)` whose first has `initial` before. */
function rowBefore(initial: usize, tensor: usize, at: usize): usize {
  const step = bytesOfStep();
  return at < step ? argument(initial) + at : argument(tensor) + at - step;
}

/** All steps of some rows of the batch. */
function forwardPiece(piece: usize, thread: usize): void {
  const H = argument(Slot.H), stride = H << 2, columns = argument(Slot.G) * H;
  const rows = rowsOf(piece), first = firstRow(piece) * stride;
  const step = bytesOfStep(), end = argument(Slot.T) * step;
  const width = argument(Slot.SumsWidth);
  const weights = areaOf(Area.Weights), state = areaOf(Area.States) + first;
  packRows(argument(Slot.InitialState) + first, stride, 0, rows, H, state, 4);
  for (let at = first; at < end; at += step) {
    const sums = argument(Slot.Sums) + width * at;
    // deno-fmt-ignore
    multiply(state, weights, sums, width * stride, rows, columns, H, false, thread);
    forwardRows(at, rows);
    const output = argument(Slot.Output) + at;
    if (at + step < end) packRows(output, stride, 0, rows, H, state, 4);
  }
}

/** The same of a few rows without packing: each product is shared instead. */
function forwardRowByRow(): void {
  const H = argument(Slot.H), columns = argument(Slot.G) * H;
  const end = argument(Slot.T) * bytesOfStep();
  for (let at: usize = 0; at < end; at += H << 2) {
    const h = rowBefore(Slot.InitialState, Slot.Output, at);
    const sums = argument(Slot.Sums) + argument(Slot.SumsWidth) * at;
    matrixTimesVector(h, argument(Slot.Weight), 0, sums, H, columns);
    forwardRows(at, 1);
  }
}

/** The cell at one time step, for the rows from `at` on. */
function forwardRows(at: usize, rows: usize): void {
  const row = <u32> argument(Slot.RowFunction);
  const H = argument(Slot.H), stride = H << 2, end = rows * stride;
  const h = rowBefore(Slot.InitialState, Slot.Output, at);
  const c = rowBefore(Slot.InitialCell, Slot.Cells, at);
  for (let i: usize = 0; i < end; i += stride) {
    call_indirect<void>(row, at + i, h + i, c + i, H);
  }
}

/** The same of `backward`. */
export function layOutBackward(
  scratch: usize,
  G: usize,
  B: usize,
  H: usize,
): f64 {
  const state = <u64> B * H << 2;
  beginScratch(scratch);
  reserve(Area.Gradients, packedBytes(B, G * H, 4));
  reserve(Area.DState, state);
  reserve(Area.DCell, state);
  reserve(Area.Weights, packedBytes(H, G * H, 8));
  return scratchEnd();
}

/**
 * Runs a layer's backward pass, from the last time step to the first:
 *
 *     dState = dSums_(t+1) · weight, which `row` adds to dOutput_t
 *
 * `row` writes `dInput` and `dSums`.
 *
 * @param row The cell at one time step and row: `h` and `c` as in `forward`; `dState` and
 * `dCell` are zero in the last step, and then `dCell` is what `row` left there.
 * @param keepsState Whether the product is added to what `row` left in `dState`.
 */
export function backward(
  row: (
    at: usize,
    h: usize,
    c: usize,
    dState: usize,
    dCell: usize,
    H: usize,
  ) => void,
  G: usize,
  keepsState: bool,
  T: usize,
  B: usize,
  H: usize,
  scratch: usize,
): void {
  setArgument(Slot.RowFunction, row.index);
  setArgument(Slot.KeepsState, keepsState);
  setSizes(G, T, B, H);
  layOutBackward(scratch, G, B, H);
  const weight = argument(Slot.Weight);
  beginPacking();
  addMatrix(Lines.Columns, weight, H << 2, H, G * H, areaOf(Area.Weights), 8);
  packAll();
  shareRows(backwardPiece);
}

/** All steps, backwards, of some rows of the batch. */
function backwardPiece(piece: usize, thread: usize): void {
  const G = argument(Slot.G), H = argument(Slot.H), stride = H << 2;
  const rows = rowsOf(piece), first = firstRow(piece) * stride;
  const step = bytesOfStep(), keepsState = argument(Slot.KeepsState) != 0;
  const weights = areaOf(Area.Weights);
  const gradients = areaOf(Area.Gradients) + G * first;
  const dState = areaOf(Area.DState) + first;
  const dCell = areaOf(Area.DCell) + first;
  memory.fill(dState, 0, rows * stride);
  memory.fill(dCell, 0, rows * stride);
  for (let t = argument(Slot.T); t > 0; t--) {
    const at = (t - 1) * step + first;
    backwardRows(at, dState, dCell, rows);
    if (t == 1) break;
    packGradients(at, rows, G, H, gradients);
    // deno-fmt-ignore
    multiply(gradients, weights, dState, stride, rows, H, G * H, keepsState, thread);
  }
}

/** The cell backwards at one time step, for the rows from `at` on. */
function backwardRows(
  at: usize,
  dState: usize,
  dCell: usize,
  rows: usize,
): void {
  const row = <u32> argument(Slot.RowFunction);
  const H = argument(Slot.H), stride = H << 2, end = rows * stride;
  const h = rowBefore(Slot.InitialState, Slot.Output, at);
  const c = rowBefore(Slot.InitialCell, Slot.Cells, at);
  for (let i: usize = 0; i < end; i += stride) {
    call_indirect<void>(row, at + i, h + i, c + i, dState + i, dCell + i, H);
  }
}

/** Packs the gradients by the state's share of all gates. */
function packGradients(
  at: usize,
  rows: usize,
  G: usize,
  H: usize,
  packed: usize, // (rows, G · H), 4 wide
): void {
  const stride = H << 2, dSums = argument(Slot.DSums) + G * at;
  packRows(dSums, G * stride, 0, rows, G * H, packed, 4);
}
