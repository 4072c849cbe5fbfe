import type { OpContext, OpsOf } from "./op_context.ts";

/** A kernel for the product, and one for the gradient of its input. */
export function linearOps(
  { dispatch, pipelines }: OpContext,
): OpsOf<"linear" | "linearBackward"> {
  return {
    linear({ rows, I, O }, { input, weight, bias, output }) {
      dispatch({
        pipeline: pipelines.linear,
        tensors: { input, weight, bias: bias ?? weight, output },
        dims: { rows, I, O, hasBias: bias ? 1 : 0 },
        covers: [O, rows],
        terms: I,
      });
    },

    linearBackward({ rows, I, O }, tensors) {
      dispatch({
        pipeline: pipelines.linear_backward,
        tensors,
        dims: { rows, I, O },
        covers: [I, rows],
        terms: O,
      });
    },
  };
}
