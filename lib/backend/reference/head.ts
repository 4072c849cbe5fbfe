import type { Sizes } from "../implementations.ts";
import type { Arrays, Floats } from "./arrays.ts";
import { linear, linearBackward } from "./linear.ts";
import { softmaxCrossEntropy } from "./softmax_cross_entropy.ts";
import { zeros } from "./zeros.ts";

/**
 * A model's last layer, the loss of its logits, and the loss's gradient by the layer's
 * input: a linear layer, a softmax with the cross-entropy, and the chain rule through
 * both. Source: d2l 8.4.2 and 3.4.6.
 */
export function head(
  { rows, H, V }: Sizes<"rows" | "H" | "V">,
  {
    input, // (rows, H)
    weight, // (V, H)
    bias, // (V)
    targets, // (rows)
    targetWeights, // (rows)
    logits = numbersLike(input, rows * V), // (rows, V)
    loss, // ()
    losses, // (rows)
    dLogits, // (rows, V)
    dInput, // (rows, H)
  }: Arrays<"head">,
): void {
  const layer = { rows, I: H, O: V };
  linear(layer, { input, weight, bias, output: logits });
  if (!targets) return;
  const weightOf = (row: number) => targetWeights ? targetWeights[row] : 1;
  const scores = { logits, targets, weightOf };
  softmaxCrossEntropy({ rows, V }, scores, { loss, losses, dLogits });
  if (!dLogits || !dInput) return;
  linearBackward(layer, { weight, dOutput: dLogits, dInput });
}

/** Zeros in the precision of other numbers. */
function numbersLike(others: Floats, size: number): Floats {
  return others instanceof Float32Array
    ? zeros(Float32Array, size)
    : zeros(Float64Array, size);
}
