import type { Ops } from "../backend.ts";
import { gruBackwardDimensions, gruDimensions } from "../shapes.ts";
import { biasGradient } from "./linear.ts";
import { COLUMNS, groups, type OpContext, ROWS, UNITS } from "./op_context.ts";
import {
  backward,
  forward,
  stateWeightGradient,
  transpose,
} from "./recurrent.ts";

/** The ops of a layer of gated recurrent units: a dispatch for each step. */
export function gruOps(context: OpContext): Pick<Ops, "gru" | "gruBackward"> {
  const { own, scratch } = context;
  return {
    gru(x) {
      const { T, B, H } = gruDimensions(x);
      forward(context, "gru", T, {
        tensors: own(x),
        dims: { B, H },
        workgroups: [groups(H, UNITS), groups(B, ROWS)],
      });
    },

    gruBackward(x) {
      const tensors = own(x);
      const { T, B, H } = gruBackwardDimensions(x);
      const { initialState, output, dInput } = tensors;
      const transposed = transpose(context, tensors.weight);
      const dSums = scratch("dSums", [T, B, 3 * H]);
      const carried = scratch("carried", [B, H]);
      backward(context, "gru", T, {
        tensors: { ...tensors, transposed, dSums, carried },
        dims: { T, B, H },
        workgroups: [groups(H, COLUMNS), groups(B, ROWS)],
      });
      const { dWeight, dBias, dHiddenBias } = tensors;
      stateWeightGradient(context, dSums, initialState, output, dWeight);
      biasGradient(context, dInput, dBias);
      biasGradient(context, dSums, dHiddenBias); // dm is the last H of each row
    },
  };
}
