/** An update of the parameters. Reference: `lib/backend/reference/gradient_descent.ts`. */

import { globalNorm, globalNormScratch } from "./global_norm";
import { update } from "./update";

/** Bytes of scratch that the norm needs. */
export function finishScratch(P: usize): f64 {
  return globalNormScratch(P);
}

/**
 * `norm = √ Σ gradients²`, then what {@linkcode update} does with it.
 *
 * @param rule The place of the optimizer in `UpdateRule`; traps if there is none.
 */
export function finish(
  parameters: usize, // (P)
  gradients: usize, // (P)
  norm: usize, // ()
  firstMoment: usize, // (P), m
  secondMoment: usize, // (P), v
  P: usize,
  rule: i32,
  learningRate: f64,
  clipNorm: f64,
  clipValue: f64,
  weightDecay: f64,
  beta1: f64,
  beta2: f64,
  epsilon: f64,
  correction1: f64,
  correction2: f64,
  scratch: usize,
): void {
  globalNorm(gradients, norm, P, scratch);
  // deno-fmt-ignore
  update(
    parameters, gradients, norm, firstMoment, secondMoment, P, rule, learningRate, clipNorm,
    clipValue, weightDecay, beta1, beta2, epsilon, correction1, correction2,
  );
}
