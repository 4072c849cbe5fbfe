import type { Floats } from "./arrays.ts";

/**
 * The state before the time step `t`, `(B, H)`: that of the step before in `states`,
 * `(T, B, H)`, or `initial` before the first step.
 */
export function stateBefore(
  t: number,
  initial: Floats, // (B, H)
  states: Floats, // (T, B, H)
): Floats {
  const size = initial.length;
  return t === 0 ? initial : states.subarray((t - 1) * size, t * size);
}
