import type { Sizes } from "../implementations.ts";
import type { Arrays } from "./arrays.ts";

/**
 * Mean cross-entropy in nats per token, and its gradient by the logits:
 *
 *     loss    = 1/rows Σ_r (log Σ_v exp(z[r,v]) − z[r,target_r])
 *     dLogits = (softmax(z) − oneHot(target)) / rows
 *
 * The greatest logit is taken off first, so that no exp overflows.
 * Source: d2l 3.4.6 and 3.7.2.
 */
export function softmaxCrossEntropy(
  { rows, V }: Sizes<"rows" | "V">,
  {
    logits, // (rows, V)
    targets, // (rows)
    loss, // ()
    losses, // (rows)
    dLogits, // (rows, V)
  }: Arrays<"softmaxCrossEntropy">,
): void {
  let total = 0;
  for (let r = 0; r < rows; r++) {
    const z = logits.subarray(r * V, (r + 1) * V);
    const target = targets[r];
    let greatest = -Infinity;
    for (let v = 0; v < V; v++) greatest = Math.max(greatest, z[v]);
    let sum = 0;
    for (let v = 0; v < V; v++) sum += Math.exp(z[v] - greatest);
    const rowLoss = Math.log(sum) - (z[target] - greatest);
    total += rowLoss;
    if (losses) losses[r] = rowLoss;
    if (!dLogits) continue;
    for (let v = 0; v < V; v++) {
      const probability = Math.exp(z[v] - greatest) / sum;
      dLogits[r * V + v] = (probability - (v === target ? 1 : 0)) / rows;
    }
  }
  loss[0] = total / rows;
}
