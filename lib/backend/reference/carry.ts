import type { Sizes } from "../implementations.ts";
import type { Arrays } from "./arrays.ts";

/** The state after a minibatch, 0 where it or the gradients' norm is not finite. */
export function carry(
  { size }: Sizes<"size">,
  {
    source, // (size)
    destination, // (size)
    norm, // ()
  }: Arrays<"carry">,
): void {
  const isSound = Number.isFinite(norm[0]);
  for (let i = 0; i < size; i++) {
    destination[i] = isSound && Number.isFinite(source[i]) ? source[i] : 0;
  }
}
