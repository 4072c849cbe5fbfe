import type { Sizes } from "../implementations.ts";
import type { Arrays, Floats } from "./arrays.ts";

/**
 * A layer that is linear in its input, with or without a bias:
 *
 *     output[r,o] = Σ_i input[r,i] · weight[o,i] + bias[o]
 *
 * Source: d2l 8.4.2, the output layer `H W_hq + b_q` (`W_hq` is `weightᵀ` here).
 */
export function linear(
  { rows, I, O }: Sizes<"rows" | "I" | "O">,
  {
    input, // (rows, I)
    weight, // (O, I)
    bias, // (O)
    output, // (rows, O)
  }: Arrays<"linear">,
): void {
  for (let r = 0; r < rows; r++) {
    for (let o = 0; o < O; o++) {
      let sum = bias ? bias[o] : 0;
      for (let i = 0; i < I; i++) sum += input[r * I + i] * weight[o * I + i];
      output[r * O + o] = sum;
    }
  }
}

/** The chain rule through `linear`: `dInput[r,i] = Σ_o dOutput[r,o] · weight[o,i]`. */
export function linearBackward(
  { rows, I, O }: Sizes<"rows" | "I" | "O">,
  {
    weight, // (O, I)
    dOutput, // (rows, O)
    dInput, // (rows, I)
  }: Arrays<"linearBackward">,
): void {
  dInput.fill(0);
  for (let r = 0; r < rows; r++) {
    for (let o = 0; o < O; o++) {
      const d = dOutput[r * O + o];
      for (let i = 0; i < I; i++) dInput[r * I + i] += d * weight[o * I + i];
    }
  }
}

/** The gradient of the weight of `linear`: `dWeight[o,i] = Σ_r dOutput[r,o] · input[r,i]`. */
export function linearWeightGradient(
  { rows, I, O }: { rows: number; I: number; O: number },
  input: Floats, // (rows, I)
  dOutput: Floats, // (rows, O)
  dWeight: Floats, // (O, I)
): void {
  dWeight.fill(0);
  for (let r = 0; r < rows; r++) {
    for (let o = 0; o < O; o++) {
      const d = dOutput[r * O + o];
      for (let i = 0; i < I; i++) dWeight[o * I + i] += d * input[r * I + i];
    }
  }
}
