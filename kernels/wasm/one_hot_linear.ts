/** One-hot rows times a matrix. Reference: `lib/backend/reference/one_hot_linear.ts`. */

import { argument, Region, setArgument } from "./control";
import { embedding } from "./embedding";
import { scatterAdd } from "./scatter_add";
import { least } from "./simd";
import { MOVE, runPhase } from "./threads";
import { firstAbove } from "./token_ids";

// Of the backward pass.
const enum Slot {
  Ids = Region.Op,
  DOutput,
  DWeight,
  Rows,
  O,
  V,
  Scratch,
}

/** Columns of `dOutput` that one piece adds up. */
const SCATTER_COLUMNS: usize = 64;

/** Whether so few ids are given that it is cheaper to pick their columns one by one. */
function areFew(rows: usize, V: usize): bool {
  return rows << 1 < V;
}

/** Bytes of scratch: the weight transposed, `(V, O)`. */
export function oneHotLinearScratch(rows: usize, O: usize, V: usize): f64 {
  return areFew(rows, V) ? 0 : 4 * <f64> O * <f64> V;
}

/**
 * `output[r,:] = weight[:, ids[r]]`. The weight's columns become rows first, unless
 * there are few ids.
 *
 * @returns The first id that is not below V, or -1.
 */
export function oneHotLinear(
  ids: usize, // (rows) u32
  weight: usize, // (O, V)
  output: usize, // (rows, O)
  rows: usize,
  O: usize,
  V: usize,
  scratch: usize,
): f64 {
  if (areFew(rows, V)) {
    const wrong = firstAbove(ids, rows, V);
    if (wrong >= 0) return wrong;
    for (let row: usize = 0; row < rows; row++) {
      let from = weight + (load<usize>(ids + (row << 2)) << 2);
      for (let o: usize = 0; o < O; o++) {
        store<f32>(output, load<f32>(from));
        from += V << 2;
        output += 4;
      }
    }
    return -1;
  }
  transpose(weight, V << 2, scratch, O << 2, O, V);
  return embedding(ids, scratch, output, rows, V, O);
}

/** Bytes of scratch: the weight's gradient transposed, each piece's columns apart. */
export function oneHotWeightGradientScratch(O: usize, V: usize): f64 {
  return 4 * <f64> O * <f64> V;
}

/**
 * `dWeight[:, v] = Σ dOutput[r,:]` over the rows where `ids[r] = v`, in order. The ids
 * are below V.
 */
export function oneHotWeightGradient(
  ids: usize, // (rows) u32
  dOutput: usize, // (rows, O)
  dWeight: usize, // (O, V)
  rows: usize,
  O: usize,
  V: usize,
  scratch: usize,
): void {
  setArgument(Slot.Ids, ids);
  setArgument(Slot.DOutput, dOutput);
  setArgument(Slot.DWeight, dWeight);
  setArgument(Slot.Rows, rows);
  setArgument(Slot.O, O);
  setArgument(Slot.V, V);
  setArgument(Slot.Scratch, scratch);
  const pieces = (O + SCATTER_COLUMNS - 1) / SCATTER_COLUMNS;
  const work = MOVE * (<f64> rows + <f64> V) * <f64> O;
  runPhase(oneHotWeightGradientPiece, pieces, work);
}

/** Some columns of `dOutput`, over all rows: some rows of `dWeight`. */
function oneHotWeightGradientPiece(piece: usize, _thread: usize): void {
  const O = argument(Slot.O), V = argument(Slot.V);
  const first = piece * SCATTER_COLUMNS;
  const columns = least(SCATTER_COLUMNS, O - first), bytes = columns << 2;
  const sums = argument(Slot.Scratch) + ((first * V) << 2); // (V, columns)
  memory.fill(sums, 0, V * bytes);
  const from = argument(Slot.DOutput) + (first << 2);
  const ids = argument(Slot.Ids), rows = argument(Slot.Rows);
  scatterAdd(ids, from, O << 2, sums, bytes, rows, columns);
  const to = argument(Slot.DWeight) + ((first * V) << 2);
  transpose(sums, bytes, to, V << 2, V, columns);
}

/** Rows that `transpose` reads over and over: they stay in a first-level cache. */
const TRANSPOSE_ROWS: usize = 64;

/** `to[j,i] = from[i,j]`; the strides are bytes from a row to the next. */
function transpose(
  from: usize, // (M, N)
  fromStride: usize,
  to: usize, // (N, M)
  toStride: usize,
  M: usize,
  N: usize,
): void {
  for (let first: usize = 0; first < M; first += TRANSPOSE_ROWS) {
    const rows = least(TRANSPOSE_ROWS, M - first);
    for (let j: usize = 0; j < N; j++) {
      let source = from + first * fromStride + (j << 2);
      let destination = to + j * toStride + (first << 2);
      const end = destination + (rows << 2);
      for (; destination < end; destination += 4) {
        store<f32>(destination, load<f32>(source));
        source += fromStride;
      }
    }
  }
}
