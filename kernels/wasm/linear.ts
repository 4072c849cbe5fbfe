/** A linear layer. Reference: `lib/backend/reference/linear.ts`. */

import { argument, setArgument } from "./control";
import { packedBytes } from "./pack";
import { addColumns, addRows, beginPacking, packAll, product } from "./product";
import { rowTimesMatrix } from "./rows";
import { areaOf, beginScratch, reserve, scratchEnd } from "./scratch";
import { least } from "./simd";
import { MOVE, runPhase } from "./threads";

/** Fewer rows than these are done one by one, without packing. */
export const FEW_ROWS: usize = 4;

/** What lies in the scratch of a layer, all packed. */
const enum Area {
  Inputs,
  Weights,
  Outputs, // dOutput
  Transposed, // dOutputᵀ
}

function layOut(scratch: usize, rows: usize, I: usize, O: usize): f64 {
  beginScratch(scratch);
  if (rows < FEW_ROWS) return scratchEnd();
  reserve(Area.Inputs, packedBytes(rows, I, 4));
  reserve(Area.Weights, packedBytes(O, I, 8));
  return scratchEnd();
}

/** Bytes of scratch that `linear` needs. */
export function linearScratch(rows: usize, I: usize, O: usize): f64 {
  return layOut(0, rows, I, O);
}

/** `output = input · weightᵀ + bias`; no bias where it is 0. */
export function linear(
  input: usize, // (rows, I)
  weight: usize, // (O, I)
  bias: usize, // (O)
  output: usize, // (rows, O)
  rows: usize,
  I: usize,
  O: usize,
  scratch: usize,
): void {
  if (rows < FEW_ROWS) {
    for (let row: usize = 0; row < rows; row++) {
      const x = input + ((row * I) << 2), y = output + ((row * O) << 2);
      rowTimesMatrix(x, weight, bias, y, I, O);
    }
    return;
  }
  layOut(scratch, rows, I, O);
  const inputs = areaOf(Area.Inputs), weights = areaOf(Area.Weights);
  beginPacking();
  addRows(input, I << 2, rows, I, inputs, 4);
  addRows(weight, I << 2, O, I, weights, 8);
  packAll();
  product(inputs, weights, bias, output, rows, O, I);
}

function layOutBackward(scratch: usize, rows: usize, I: usize, O: usize): f64 {
  beginScratch(scratch);
  reserve(Area.Transposed, packedBytes(O, rows, 4));
  reserve(Area.Inputs, packedBytes(I, rows, 8));
  reserve(Area.Outputs, packedBytes(rows, O, 4));
  reserve(Area.Weights, packedBytes(I, O, 8));
  return scratchEnd();
}

/** Bytes of scratch that `linearBackward` needs. */
export function linearBackwardScratch(rows: usize, I: usize, O: usize): f64 {
  return layOutBackward(0, rows, I, O);
}

/**
 *     dInput  = dOutput · weight           left out where `dInput` is 0
 *     dWeight = dOutputᵀ · input
 *     dBias   = Σ_r dOutput[r,:]           left out where `dBias` is 0
 */
export function linearBackward(
  input: usize, // (rows, I)
  weight: usize, // (O, I)
  dOutput: usize, // (rows, O)
  dInput: usize, // (rows, I)
  dWeight: usize, // (O, I)
  dBias: usize, // (O)
  rows: usize,
  I: usize,
  O: usize,
  scratch: usize,
): void {
  layOutBackward(scratch, rows, I, O);
  const transposed = areaOf(Area.Transposed), inputs = areaOf(Area.Inputs);
  const outputs = areaOf(Area.Outputs), weights = areaOf(Area.Weights);
  beginPacking();
  addColumns(0, 0, dOutput, O << 2, O, rows, transposed, 4);
  addColumns(0, 0, input, I << 2, I, rows, inputs, 8);
  if (dInput) {
    addRows(dOutput, O << 2, rows, O, outputs, 4);
    addColumns(0, 0, weight, I << 2, I, O, weights, 8);
  }
  packAll();
  if (dInput) product(outputs, weights, 0, dInput, rows, I, O);
  product(transposed, inputs, 0, dWeight, O, I, rows);
  if (dBias) columnSums(dOutput, dBias, rows, O);
}

/** Columns that one piece adds up. */
const SUM_COLUMNS: usize = 32;

/** `sums[o] = Σ_r matrix[r,o]`, over the rows in order. */
export function columnSums(
  matrix: usize, // (rows, O)
  sums: usize, // (O)
  rows: usize,
  O: usize,
): void {
  setArgument(0, matrix);
  setArgument(1, sums);
  setArgument(2, rows);
  setArgument(3, O);
  const pieces = (O + SUM_COLUMNS - 1) / SUM_COLUMNS;
  runPhase(columnSumsPiece, pieces, MOVE * <f64> rows * <f64> O);
}

function columnSumsPiece(piece: usize, _thread: usize): void {
  const rows = argument(2), O = argument(3);
  const first = piece * SUM_COLUMNS;
  const columns = least(SUM_COLUMNS, O - first);
  const matrix = argument(0) + (first << 2), sums = argument(1) + (first << 2);
  if (columns == SUM_COLUMNS) sumOf32(matrix, sums, rows, O << 2);
  else {
    for (let o: usize = 0; o < columns; o++) {
      let sum: f32 = 0;
      for (let r: usize = 0; r < rows; r++) {
        sum += load<f32>(matrix + ((r * O + o) << 2));
      }
      store<f32>(sums + (o << 2), sum);
    }
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
