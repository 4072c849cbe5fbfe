import type { Sizes } from "../implementations.ts";
import type { Arrays, Floats } from "./arrays.ts";

/**
 * A one-hot vector times a matrix picks a row of it: no one-hot tensor is built.
 *
 *     output[t,b,o] = Σ_v oneHot(ids[t,b])_v · weight[o,v] = weight[o, ids[t,b]]
 *
 * Source: d2l 8.5.1 and 8.5.2 (`W_xh` there is `weightᵀ` here).
 */
export function oneHotLinear(
  { rows, O, V }: Sizes<"rows" | "O" | "V">,
  {
    ids, // (rows)
    weight, // (O, V)
    output, // (rows, O)
  }: Arrays<"oneHotLinear">,
): void {
  for (let row = 0; row < rows; row++) {
    const id = ids[row];
    for (let o = 0; o < O; o++) output[row * O + o] = weight[o * V + id];
  }
}

/**
 * The gradient of the weight: each row of `dOutput` goes to the column of its token,
 *
 *     dWeight[o,v] = Σ_{t,b : ids[t,b] = v} dOutput[t,b,o]
 */
export function oneHotWeightGradient(
  { rows, O, V }: { rows: number; O: number; V: number },
  ids: Uint32Array, // (rows)
  dOutput: Floats, // (rows, O)
  dWeight: Floats, // (O, V)
): void {
  dWeight.fill(0);
  for (let row = 0; row < rows; row++) {
    const id = ids[row];
    for (let o = 0; o < O; o++) dWeight[o * V + id] += dOutput[row * O + o];
  }
}
