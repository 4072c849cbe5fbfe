import type { Floats } from "./arrays.ts";

/** The sums of a matrix's columns, a bias's gradient: `sums[o] = Σ_r matrix[r,o]`. */
export function columnSums(
  { rows, O }: { rows: number; O: number },
  matrix: Floats, // (rows, O)
  sums: Floats, // (O)
): void {
  sums.fill(0);
  for (let r = 0; r < rows; r++) {
    for (let o = 0; o < O; o++) sums[o] += matrix[r * O + o];
  }
}
