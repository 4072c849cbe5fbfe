import type { Ops } from "../backend.ts";
import { rnnBackwardDimensions, rnnDimensions } from "../shapes.ts";
import { biasGradient } from "./linear.ts";
import { COLUMNS, groups, type OpContext, ROWS } from "./op_context.ts";
import {
  backward,
  forward,
  stateWeightGradient,
  transpose,
} from "./recurrent.ts";

/** The ops of a vanilla recurrent layer: a dispatch for each step. */
export function rnnOps(context: OpContext): Pick<Ops, "rnn" | "rnnBackward"> {
  const { own } = context;
  return {
    rnn(x) {
      const { input, weight, bias, initialState, output } = own(x);
      const { T, B, H } = rnnDimensions(x);
      forward(context, "rnn", T, {
        tensors: { input, weight, bias, initialState, output },
        dims: { B, H, relu: x.activation === "relu" ? 1 : 0 },
        workgroups: [groups(H, COLUMNS), groups(B, ROWS)],
      });
    },

    rnnBackward(x) {
      const { weight, initialState, output, dOutput, dInput, dWeight, dBias } =
        own(x);
      const { T, B, H } = rnnBackwardDimensions(x);
      const transposed = transpose(context, weight);
      backward(context, "rnn", T, {
        tensors: { transposed, output, dOutput, dInput },
        dims: { T, B, H, relu: x.activation === "relu" ? 1 : 0 },
        workgroups: [groups(H, COLUMNS), groups(B, ROWS)],
      });
      stateWeightGradient(context, dInput, initialState, output, dWeight);
      biasGradient(context, dInput, dBias);
    },
  };
}
