/** The sums of a matrix's columns: the gradient of a bias. */

import { argument, Region, setArgument } from "./control";
import { least } from "./simd";
import { MOVE, runPhase } from "./threads";

const enum Slot {
  Matrix = Region.Op,
  Sums,
  Rows,
  Columns,
  Stride, // bytes
}

/** Columns that one piece adds up. */
const PIECE_COLUMNS: usize = 32;

/** `sums[j] = Σ_r matrix[r,j]`, over the rows in order. */
export function columnSums(
  matrix: usize, // (rows, columns)
  sums: usize, // (columns)
  rows: usize,
  columns: usize,
  stride: usize, // bytes from a row to the next
): void {
  setArgument(Slot.Matrix, matrix);
  setArgument(Slot.Sums, sums);
  setArgument(Slot.Rows, rows);
  setArgument(Slot.Columns, columns);
  setArgument(Slot.Stride, stride);
  const pieces = (columns + PIECE_COLUMNS - 1) / PIECE_COLUMNS;
  runPhase(columnSumsPiece, pieces, MOVE * <f64> rows * <f64> columns);
}

function columnSumsPiece(piece: usize, _thread: usize): void {
  const rows = argument(Slot.Rows), stride = argument(Slot.Stride);
  const first = piece * PIECE_COLUMNS;
  const columns = least(PIECE_COLUMNS, argument(Slot.Columns) - first);
  const matrix = argument(Slot.Matrix) + (first << 2);
  const sums = argument(Slot.Sums) + (first << 2);
  if (columns == PIECE_COLUMNS) return sumOf32(matrix, sums, rows, stride);
  for (let at: usize = 0; at < columns << 2; at += 4) {
    let sum: f32 = 0;
    for (let r: usize = 0; r < rows; r++) {
      sum += load<f32>(matrix + at + r * stride);
    }
    store<f32>(sums + at, sum);
  }
}

function sumOf32(from: usize, sums: usize, rows: usize, stride: usize): void {
  const end = from + rows * stride;
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  let s4 = s0, s5 = s0, s6 = s0, s7 = s0;
  for (; from < end; from += stride) {
    s0 = f32x4.add(s0, v128.load(from));
    s1 = f32x4.add(s1, v128.load(from, 16));
    s2 = f32x4.add(s2, v128.load(from, 32));
    s3 = f32x4.add(s3, v128.load(from, 48));
    s4 = f32x4.add(s4, v128.load(from, 64));
    s5 = f32x4.add(s5, v128.load(from, 80));
    s6 = f32x4.add(s6, v128.load(from, 96));
    s7 = f32x4.add(s7, v128.load(from, 112));
  }
  v128.store(sums, s0);
  v128.store(sums, s1, 16);
  v128.store(sums, s2, 32);
  v128.store(sums, s3, 48);
  v128.store(sums, s4, 64);
  v128.store(sums, s5, 80);
  v128.store(sums, s6, 96);
  v128.store(sums, s7, 112);
}
