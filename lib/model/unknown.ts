import type { Parameters } from "./parameters.ts";

/** A logit so low that its token has probability 0, whatever is done with it. */
const NEVER = -1e30;

/**
 * The parameters of the same model, but that `<unk>` has probability 0: the others
 * keep their proportions. A model that goes on with text is to make text, and
 * `<unk>` is none.
 */
export function withoutUnknown(parameters: Parameters): Parameters {
  const weight = parameters.get("linear.weight")!.slice(); // (V, H)
  const bias = parameters.get("linear.bias")!.slice(); // (V)
  weight.fill(0, 0, weight.length / bias.length); // the row of id 0
  bias[0] = NEVER;
  return new Map([
    ...parameters,
    ["linear.weight", weight],
    ["linear.bias", bias],
  ]);
}
