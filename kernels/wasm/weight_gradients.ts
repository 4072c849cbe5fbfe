/**
 * The gradients of the weights and biases around a layer. Reference:
 * `lib/backend/reference/weight_gradients.ts`.
 */

import { columnSums } from "./column_sums";
import {
  oneHotWeightGradient,
  oneHotWeightGradientScratch,
} from "./one_hot_linear";
import { packedBytes } from "./pack";
import {
  addMatrix,
  beginPacking,
  Lines,
  packAll,
  product,
  setHead,
} from "./product";
import { areaOf, beginScratch, reserve, scratchEnd } from "./scratch";
import { firstAbove } from "./token_ids";

/** What lies in the scratch of one weight's gradient, packed. */
const enum Area {
  Transposed, // dOutputᵀ
  Inputs,
}

function layOut(scratch: usize, rows: usize, I: usize, O: usize): f64 {
  beginScratch(scratch);
  reserve(Area.Transposed, packedBytes(O, rows, 4));
  reserve(Area.Inputs, packedBytes(I, rows, 8));
  return scratchEnd();
}

/** Bytes of scratch: what the largest of the gradients needs. */
export function weightGradientsScratch(
  T: usize,
  B: usize,
  I: usize,
  H: usize,
  O: usize,
  V: usize,
): f64 {
  const rows = T * B;
  return max(
    max(layOut(0, rows, H, O), layOut(0, rows, H, V)),
    max(layOut(0, rows, I, O), oneHotWeightGradientScratch(O, I)),
  );
}

/**
 *     dWeightIh   = Σ dInputᵀ · input, or the one-hot rows of the ids
 *     dBias       = Σ dInput
 *     dWeight     = Σ_t dSums_tᵀ · h_(t-1)
 *     dHiddenBias = Σ dSums[:, O − H:]
 *     dHeadWeight = Σ dLogitsᵀ · output
 *     dHeadBias   = Σ dLogits
 *
 * A result that is 0 is left out. Without `dSums` it is `dInput`.
 *
 * @returns The first id that is not below I, or -1.
 */
export function weightGradients(
  ids: usize, // (T, B) u32
  input: usize, // (T, B, I)
  initialState: usize, // (B, H)
  output: usize, // (T, B, H)
  dInput: usize, // (T, B, O)
  dSums: usize, // (T, B, O)
  dLogits: usize, // (T, B, V)
  dWeightIh: usize, // (O, I)
  dWeight: usize, // (O, H)
  dBias: usize, // (O)
  dHiddenBias: usize, // (H)
  dHeadWeight: usize, // (V, H)
  dHeadBias: usize, // (V)
  T: usize,
  B: usize,
  I: usize,
  H: usize,
  O: usize,
  V: usize,
  scratch: usize,
): f64 {
  const rows = T * B, sums = dSums ? dSums : dInput;
  if (ids && dWeightIh) {
    const wrong = firstAbove(ids, rows, I);
    if (wrong >= 0) return wrong;
    oneHotWeightGradient(ids, dInput, dWeightIh, rows, O, I, scratch);
  } else if (dWeightIh) {
    weightGradient(0, 0, input, dInput, dWeightIh, rows, I, O, scratch);
  }
  if (dBias) columnSums(dInput, dBias, rows, O, O << 2);
  if (dWeight) {
    // The weight's input is the state of the step before.
    // deno-fmt-ignore
    weightGradient(initialState, B, output, sums, dWeight, rows, H, O, scratch);
  }
  if (dHiddenBias) {
    columnSums(sums + ((O - H) << 2), dHiddenBias, rows, H, O << 2);
  }
  if (dHeadWeight) {
    weightGradient(0, 0, output, dLogits, dHeadWeight, rows, H, V, scratch);
  }
  if (dHeadBias) columnSums(dLogits, dHeadBias, rows, V, V << 2);
  return -1;
}

/** `dWeight = dOutputᵀ · input`, whose first rows lie at `first`, the others at `input`. */
function weightGradient(
  first: usize, // (firstRows, I)
  firstRows: usize,
  input: usize, // (rows − firstRows, I)
  dOutput: usize, // (rows, O)
  dWeight: usize, // (O, I)
  rows: usize,
  I: usize,
  O: usize,
  scratch: usize,
): void {
  layOut(scratch, rows, I, O);
  const transposed = areaOf(Area.Transposed), inputs = areaOf(Area.Inputs);
  beginPacking();
  addMatrix(Lines.Columns, dOutput, O << 2, O, rows, transposed, 4);
  addMatrix(Lines.Columns, input, I << 2, I, rows, inputs, 8);
  setHead(first, firstRows);
  packAll();
  product(transposed, inputs, 0, dWeight, O, I, rows);
}
