/**
 * Perplexity: `exp` of the mean loss. A model is as uncertain as if it had to choose
 * uniformly among this number of tokens. Source: d2l 8.4.4.
 *
 * @param loss Mean cross-entropy, in nats per token.
 *
 * @example
 * ```ts
 * import { perplexity } from "./metrics.ts";
 *
 * console.assert(Math.abs(perplexity(Math.log(28)) - 28) < 1e-9);
 * ```
 */
export function perplexity(loss: number): number {
  return Math.exp(loss);
}

/** `Σ weight·mean / Σ weight`: the mean of means. NaN if there are none. */
export function weightedMean(
  parts: Iterable<{ readonly mean: number; readonly weight: number }>,
): number {
  let sum = 0, weights = 0;
  for (const { mean, weight } of parts) {
    sum += mean * weight;
    weights += weight;
  }
  return sum / weights;
}

/**
 * The speed of several epochs together, in tokens per second: those that were not
 * timed, their speed 0 or left out, have no part in it. NaN where none was.
 *
 * @example
 * ```ts
 * import { meanSpeed } from "./metrics.ts";
 *
 * const epochs = [
 *   { seconds: 1, tokensPerSecond: 100 },
 *   { seconds: 3, tokensPerSecond: 200 },
 * ];
 * console.assert(meanSpeed(epochs) === 175);
 * ```
 */
export function meanSpeed(
  epochs: Iterable<
    { readonly seconds: number; readonly tokensPerSecond?: number }
  >,
): number {
  return weightedMean(
    Array.from(epochs, ({ seconds, tokensPerSecond = 0 }) => ({
      mean: tokensPerSecond,
      weight: seconds,
    })),
  );
}
