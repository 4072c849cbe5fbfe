import type { Floats } from "./floats.ts";

/** The state after a minibatch, 0 where it or the gradients' norm is not finite. */
export function carry(
  source: Floats, // (size)
  destination: Floats, // (size)
  norm: Floats, // ()
): void {
  const isSound = Number.isFinite(norm[0]);
  for (let i = 0; i < source.length; i++) {
    destination[i] = isSound && Number.isFinite(source[i]) ? source[i] : 0;
  }
}
