import type { Scalars, Sizes } from "../implementations.ts";
import { philox4x32 } from "../philox.ts";
import type { Arrays } from "./arrays.ts";

/**
 * Dropout: a random part of the elements becomes zero, the others are scaled so that
 * the expectation stays, `input / (1 − rate)`. Element i has the word i mod 4 of the
 * block `[⌊i/4⌋, ...counter]`. Source: Srivastava et al. 2014 and d2l 4.6.
 */
export function dropout(
  { size }: Sizes<"size">,
  {
    input,
    output,
  }: Arrays<"dropout">,
  { rate, key, counter }: Scalars<"dropout">,
): void {
  const threshold = Math.floor(rate * 2 ** 32);
  for (let i = 0; i < size; i += 4) {
    const words = philox4x32([i / 4, ...counter], key);
    for (let j = i; j < Math.min(i + 4, size); j++) {
      output[j] = words[j - i] < threshold ? 0 : input[j] / (1 - rate);
    }
  }
}
