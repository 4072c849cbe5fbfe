import type { Sizes } from "../implementations.ts";
import type { Arrays, Floats } from "./arrays.ts";
import { columnSums } from "./column_sums.ts";
import { linearWeightGradient } from "./linear.ts";
import { oneHotWeightGradient } from "./one_hot_linear.ts";

/**
 * The gradients of the weights and biases around a layer, as `WeightGradients` in ops.ts
 * states them. Source: d2l 8.7.
 */
export function weightGradients(
  { T, B, I, H, O, V }: Sizes<"T" | "B" | "I" | "H" | "O" | "V">,
  {
    ids, // (T, B)
    input, // (T, B, I)
    initialState, // (B, H)
    output, // (T, B, H)
    dInput, // (T, B, O)
    dSums = dInput, // (T, B, O)
    dLogits, // (T, B, V)
    dWeightIh, // (O, I)
    dWeight, // (O, H)
    dBias, // (O)
    dHiddenBias, // (H)
    dHeadWeight, // (V, H)
    dHeadBias, // (V)
  }: Arrays<"weightGradients">,
): void {
  const rows = T * B;
  if (dWeightIh && ids) {
    oneHotWeightGradient({ rows, O, V: I }, ids, dInput, dWeightIh);
  } else if (dWeightIh && input) {
    linearWeightGradient({ rows, I, O }, input, dInput, dWeightIh);
  }
  if (dBias) columnSums({ rows, O }, dInput, dBias);
  if (dWeight && initialState && output) {
    const states = { initialState, output };
    stateWeightGradient({ T, B, H, O }, states, dSums, dWeight);
  }
  if (dHiddenBias) hiddenBiasGradient({ T, B, H, O }, dSums, dHiddenBias);
  if (dHeadWeight && dLogits && output) {
    linearWeightGradient({ rows, I: H, O: V }, output, dLogits, dHeadWeight);
    if (dHeadBias) columnSums({ rows, O: V }, dLogits, dHeadBias);
  }
}

/** `dWeight = Σ_t dSums_tᵀ · h_{t-1}`, from the last step to the first. */
function stateWeightGradient(
  { T, B, H, O }: Sizes<"T" | "B" | "H" | "O">,
  { initialState, output }: {
    readonly initialState: Floats; // (B, H)
    readonly output: Floats; // (T, B, H)
  },
  dSums: Floats, // (T, B, O)
  dWeight: Floats, // (O, H)
): void {
  dWeight.fill(0);
  for (let t = T - 1; t >= 0; t--) {
    const previous = t === 0
      ? initialState
      : output.subarray((t - 1) * B * H, t * B * H);
    for (let b = 0; b < B; b++) {
      for (let o = 0; o < O; o++) {
        const d = dSums[(t * B + b) * O + o];
        for (let k = 0; k < H; k++) {
          dWeight[o * H + k] += d * previous[b * H + k];
        }
      }
    }
  }
}

/** `dHiddenBias = Σ_{t,b} dSums[t,b,O−H:]`, from the last step to the first. */
function hiddenBiasGradient(
  { T, B, H, O }: Sizes<"T" | "B" | "H" | "O">,
  dSums: Floats, // (T, B, O)
  dHiddenBias: Floats, // (H)
): void {
  dHiddenBias.fill(0);
  for (let t = T - 1; t >= 0; t--) {
    for (let b = 0; b < B; b++) {
      const last = (t * B + b) * O + O - H;
      for (let h = 0; h < H; h++) dHiddenBias[h] += dSums[last + h];
    }
  }
}
