import type { Floats } from "./arrays.ts";

/** Results of {@linkcode softmaxCrossEntropy}, each of which may be left out. */
export interface CrossEntropy {
  /** `()`. */
  readonly loss?: Floats;
  /** `(rows)`. */
  readonly losses?: Floats;
  /** `(rows, V)`. */
  readonly dLogits?: Floats;
}

/**
 * The mean cross-entropy in nats per token, and its gradient by the logits. With the
 * weights w of the rows, whose sum is W:
 *
 *     loss    = 1/W Σ_r w_r (log Σ_v exp(z[r,v]) − z[r,target_r])
 *     dLogits = w / W (softmax(z) − oneHot(target))
 *
 * The greatest logit is taken off first, so that no exp overflows.
 * Source: d2l 3.4.6 and 3.7.2.
 */
export function softmaxCrossEntropy(
  { rows, V }: { rows: number; V: number },
  { logits, targets, weightOf }: {
    readonly logits: Floats; // (rows, V)
    readonly targets: Uint32Array; // (rows)
    readonly weightOf: (row: number) => number;
  },
  { loss, losses, dLogits }: CrossEntropy,
): void {
  let total = 0, whole = 0;
  for (let r = 0; r < rows; r++) whole += weightOf(r);
  for (let r = 0; r < rows; r++) {
    const z = logits.subarray(r * V, (r + 1) * V);
    const target = targets[r], weight = weightOf(r);
    if (weight === 0) { // whatever the logits are
      if (losses) losses[r] = 0;
      dLogits?.fill(0, r * V, (r + 1) * V);
      continue;
    }
    let greatest = -Infinity;
    for (let v = 0; v < V; v++) greatest = Math.max(greatest, z[v]);
    let sum = 0;
    for (let v = 0; v < V; v++) sum += Math.exp(z[v] - greatest);
    const rowLoss = weight * (Math.log(sum) - (z[target] - greatest));
    total += rowLoss;
    if (losses) losses[r] = rowLoss;
    if (!dLogits) continue;
    for (let v = 0; v < V; v++) {
      const probability = Math.exp(z[v] - greatest) / sum;
      const difference = probability - (v === target ? 1 : 0);
      dLogits[r * V + v] = weight * difference / whole;
    }
  }
  if (loss) loss[0] = whole === 0 ? 0 : total / whole;
}
