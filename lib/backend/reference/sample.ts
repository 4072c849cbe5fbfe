import type { Scalars, Sizes } from "../implementations.ts";
import type { Arrays } from "./arrays.ts";

/**
 * The next token of every row, as `Sample` in ops.ts states it: greedily without
 * `uniforms`, else drawn from what temperature, top-k and top-p leave.
 */
export function sample(
  { B, V }: Sizes<"B" | "V">,
  {
    logits, // (B, V)
    tokens, // (B)
    uniforms, // (B)
    seen, // (B, V)
    logProbabilities, // (B)
  }: Arrays<"sample">,
  { firstId, temperature, topK, topP, repetitionPenalty }: Scalars<"sample">,
): void {
  for (let b = 0; b < B; b++) {
    const begin = b * V + firstId, end = (b + 1) * V;
    const row = Float64Array.from(logits.subarray(begin, end));
    const z = row.map((value, i) => {
      if (!seen?.[begin + i]) return bounded(value);
      return bounded(
        value > 0 ? value / repetitionPenalty : value * repetitionPenalty,
      );
    });
    const chosen = uniforms
      ? draw(z, temperature, topK, topP, uniforms[b])
      : greatest(z);
    tokens[b] = firstId + chosen;
    if (seen) seen[begin + chosen] = 1;
    if (logProbabilities) {
      const most = row[greatest(row)];
      const sum = row.reduce((sum, value) => sum + Math.exp(value - most), 0);
      logProbabilities[b] = row[chosen] - most - Math.log(sum);
    }
  }
}

/** The greatest number that float32 has. */
const GREATEST = (2 - 2 ** -23) * 2 ** 127;

/** Infinity as the greatest number, −∞ and NaN as the least. */
function bounded(z: number): number {
  if (Number.isNaN(z)) return -GREATEST;
  return Math.min(Math.max(z, -GREATEST), GREATEST);
}

/** The lowest id among the greatest. Source: d2l 8.5.3. */
function greatest(z: Float64Array): number {
  let best = 0;
  for (let v = 1; v < z.length; v++) if (z[v] > z[best]) best = v;
  return best;
}

/** One draw from the softmax of `z / temperature`, restricted to the top k, then the top p. */
function draw(
  z: Float64Array,
  temperature: number,
  topK: number,
  topP: number,
  uniform: number,
): number {
  const falling = z.toSorted().reverse();
  const kth = topK > 0 && topK < z.length ? falling[topK - 1] : -Infinity;
  const most = falling[0];
  const weight = (value: number) =>
    value < kth ? 0 : Math.exp((value - most) / temperature);
  const total = falling.reduce((sum, value) => sum + weight(value), 0);
  // The least that is kept: there the sum from the likeliest on first reaches topP.
  let least = kth;
  if (topP < 1) {
    let sum = 0;
    for (const value of falling) {
      sum += weight(value);
      least = value;
      if (sum >= topP * total) break;
    }
  }
  const kept = z.map((value) => value < least ? 0 : weight(value));
  const whole = kept.reduce((sum, value) => sum + value, 0);
  let sum = 0, last = 0;
  for (let v = 0; v < z.length; v++) {
    if (kept[v] === 0) continue;
    sum += kept[v];
    last = v;
    if (sum > uniform * whole) break;
  }
  return last; // rounding may leave the sum just below the whole
}
