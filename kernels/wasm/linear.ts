/** A linear layer. Reference: `lib/backend/reference/linear.ts`. */

import { FEW_ROWS, matrixTimesVector } from "./matrix_vector";
import { packedBytes } from "./pack";
import { addMatrix, beginPacking, Lines, packAll, product } from "./product";
import { areaOf, beginScratch, reserve, scratchEnd } from "./scratch";

/** What lies in the scratch of a layer, all packed. */
const enum Area {
  Inputs,
  Weights,
  Outputs, // dOutput
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
      matrixTimesVector(x, weight, bias, y, I, O);
    }
    return;
  }
  layOut(scratch, rows, I, O);
  const inputs = areaOf(Area.Inputs), weights = areaOf(Area.Weights);
  beginPacking();
  addMatrix(Lines.Rows, input, I << 2, rows, I, inputs, 4);
  addMatrix(Lines.Rows, weight, I << 2, O, I, weights, 8);
  packAll();
  product(inputs, weights, bias, output, rows, O, I);
}

function layOutBackward(scratch: usize, rows: usize, I: usize, O: usize): f64 {
  beginScratch(scratch);
  reserve(Area.Outputs, packedBytes(rows, O, 4));
  reserve(Area.Weights, packedBytes(I, O, 8));
  return scratchEnd();
}

/** Bytes of scratch that `linearBackward` needs. */
export function linearBackwardScratch(rows: usize, I: usize, O: usize): f64 {
  return layOutBackward(0, rows, I, O);
}

/** `dInput = dOutput · weight`. */
export function linearBackward(
  weight: usize, // (O, I)
  dOutput: usize, // (rows, O)
  dInput: usize, // (rows, I)
  rows: usize,
  I: usize,
  O: usize,
  scratch: usize,
): void {
  layOutBackward(scratch, rows, I, O);
  const outputs = areaOf(Area.Outputs), weights = areaOf(Area.Weights);
  beginPacking();
  addMatrix(Lines.Rows, dOutput, O << 2, rows, O, outputs, 4);
  addMatrix(Lines.Columns, weight, I << 2, I, O, weights, 8);
  packAll();
  product(outputs, weights, 0, dInput, rows, I, O);
}
