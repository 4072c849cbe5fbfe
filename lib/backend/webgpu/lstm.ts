import type { Ops } from "../backend.ts";
import { lstmBackwardDimensions, lstmDimensions } from "../shapes.ts";
import { biasGradient } from "./linear.ts";
import { COLUMNS, groups, type OpContext, ROWS, UNITS } from "./op_context.ts";
import {
  backward,
  forward,
  stateWeightGradient,
  transpose,
} from "./recurrent.ts";

/** The ops of a layer of long short-term memory: a dispatch for each step. */
export function lstmOps(
  context: OpContext,
): Pick<Ops, "lstm" | "lstmBackward"> {
  const { own, scratch } = context;
  return {
    lstm(x) {
      const { T, B, H } = lstmDimensions(x);
      forward(context, "lstm", T, {
        tensors: own(x),
        dims: { B, H },
        workgroups: [groups(H, UNITS), groups(B, ROWS)],
      });
    },

    lstmBackward(x) {
      const tensors = own(x);
      const { T, B, H } = lstmBackwardDimensions(x);
      const { initialState, output, dInput, dWeight, dBias } = tensors;
      const transposed = transpose(context, tensors.weight);
      const carried = scratch("carried", [B, H]);
      backward(context, "lstm", T, {
        tensors: { ...tensors, transposed, carried },
        dims: { T, B, H },
        workgroups: [groups(H, COLUMNS), groups(B, ROWS)],
      });
      stateWeightGradient(context, dInput, initialState, output, dWeight);
      biasGradient(context, dInput, dBias);
    },
  };
}
