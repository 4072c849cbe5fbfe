import type { Floats } from "./floats.ts";

/**
 * A learned embedding: each token has a row of a table.
 *
 *     output[t,b,:] = table[ids[t,b], :]
 *
 * Source: d2l 15.1, PyTorch's `nn.Embedding`.
 */
export function embedding(
  { rows, E }: { rows: number; E: number },
  ids: Uint32Array, // (rows)
  table: Floats, // (V, E)
  output: Floats, // (rows, E)
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
  { rows, E }: { rows: number; E: number },
  ids: Uint32Array, // (rows)
  dOutput: Floats, // (rows, E)
  dTable: Floats, // (V, E)
): void {
  dTable.fill(0);
  for (let row = 0; row < rows; row++) {
    for (let e = 0; e < E; e++) {
      dTable[ids[row] * E + e] += dOutput[row * E + e];
    }
  }
}
