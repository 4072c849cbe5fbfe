import type { Floats } from "./floats.ts";

/** `norm = √ Σ g²` over all gradients together. Source: d2l 8.5.5. */
export function globalNorm(gradients: Floats, norm: Floats): void {
  let sum = 0;
  for (const g of gradients) sum += g * g;
  norm[0] = Math.sqrt(sum);
}

/**
 * Stochastic gradient descent with the clip folded in:
 *
 *     parameters −= learningRate · min(1, clipNorm / norm) · gradients
 *
 * `clipNorm = 0` clips nothing. A norm that is not finite would spread to every
 * parameter, so such a step is left out. Source: d2l 8.5.5 and 11.4.
 */
export function update(
  parameters: Floats, // (P)
  gradients: Floats, // (P)
  norm: Floats, // ()
  learningRate: number,
  clipNorm: number,
): void {
  if (!Number.isFinite(norm[0])) return;
  const clips = clipNorm > 0 && norm[0] > clipNorm;
  const step = clips ? learningRate * clipNorm / norm[0] : learningRate;
  for (let i = 0; i < parameters.length; i++) {
    parameters[i] -= step * gradients[i];
  }
}
