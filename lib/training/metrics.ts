/**
 * Perplexity: `exp` of the mean loss, the number of tokens that a model is as
 * unsure as if it had to choose among them evenly. Source: d2l 8.4.4.
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

/**
 * Mean of per-minibatch means, each weighted with its number of tokens:
 * `Σ loss·n / Σ n`. NaN where there are none.
 */
export function weightedMean(
  parts: Iterable<{ readonly mean: number; readonly tokens: number }>,
): number {
  let sum = 0, tokens = 0;
  for (const part of parts) {
    sum += part.mean * part.tokens;
    tokens += part.tokens;
  }
  return sum / tokens;
}
