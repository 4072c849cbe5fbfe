import type { Parameters } from "./parameters.ts";

/** A bias so low that its token has probability 0, whatever is done with the logit. */
const NEVER = -1e30;

/**
 * The parameters of the same model, but that `<unk>` has probability 0: the others
 * keep their proportions. A model that goes on with text is to make text, and
 * `<unk>` is none.
 */
export function withoutUnknown(parameters: Parameters): Parameters {
  const bias = parameters.get("linear.bias")!.slice(); // (V)
  bias[0] = NEVER;
  return new Map([...parameters, ["linear.bias", bias]]);
}
