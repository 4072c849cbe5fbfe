import type { Sizes } from "../implementations.ts";
import type { Arrays } from "./arrays.ts";

/**
 * A learned embedding: each token has a row of a table.
 *
 *     output[t,b,:] = table[ids[t,b], :]
 *
 * Source: d2l 15.1, PyTorch's `nn.Embedding`.
 */
export function embedding(
  { rows, E }: Sizes<"rows" | "E">,
  {
    ids, // (rows)
    table, // (V, E)
    output, // (rows, E)
  }: Arrays<"embedding">,
): void {
  for (let row = 0; row < rows; row++) {
    const first = ids[row] * E;
    output.set(table.subarray(first, first + E), row * E);
  }
}

/**
 * Each row of `dOutput` goes to its token's row:
 *
 *     dTable[v,:] = Σ_{t,b : ids[t,b] = v} dOutput[t,b,:]
 */
export function embeddingBackward(
  { rows, E }: Sizes<"rows" | "E">,
  {
    ids, // (rows)
    dOutput, // (rows, E)
    dTable, // (V, E)
  }: Arrays<"embeddingBackward">,
): void {
  dTable.fill(0);
  for (let row = 0; row < rows; row++) {
    for (let e = 0; e < E; e++) {
      dTable[ids[row] * E + e] += dOutput[row * E + e];
    }
  }
}
