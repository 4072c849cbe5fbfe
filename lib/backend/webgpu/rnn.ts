import type { Ops } from "../backend.ts";
import { rnnBackwardDimensions, rnnDimensions } from "../shapes.ts";
import { biasGradient, weightGradient } from "./linear.ts";
import { COLUMNS, groups, type OpContext, ROWS } from "./op_context.ts";

/** The ops of a vanilla recurrent layer: a dispatch for each step. */
export function rnnOps(context: OpContext): Pick<Ops, "rnn" | "rnnBackward"> {
  const { dispatch, own, pipelines, scratch } = context;
  return {
    rnn(x) {
      const { input, weight, bias, initialState, output } = own(x);
      const { T, B, H } = rnnDimensions(x);
      const rest = {
        tensors: { input, weight, bias, initialState, output },
        dims: { B, H, relu: x.activation === "relu" ? 1 : 0 },
        workgroups: [groups(H, COLUMNS), groups(B, ROWS)],
      } as const;
      dispatch({ pipeline: pipelines.rnn_first, ...rest, steps: [0] });
      const steps = Array.from({ length: T - 1 }, (_, i) => i + 1);
      dispatch({ pipeline: pipelines.rnn, ...rest, steps });
    },

    rnnBackward(x) {
      const { weight, initialState, output, dOutput, dInput, dWeight, dBias } =
        own(x);
      const { T, B, H } = rnnBackwardDimensions(x);
      const transposed = scratch("transposed", [H, H]);
      dispatch({
        pipeline: pipelines.transpose,
        tensors: { weight, transposed },
        dims: { rows: H, columns: H },
        workgroups: [groups(H, 16), groups(H, 16)],
      });
      dispatch({
        pipeline: pipelines.rnn_backward,
        tensors: { transposed, output, dOutput, dInput },
        dims: { T, B, H, relu: x.activation === "relu" ? 1 : 0 },
        workgroups: [groups(H, COLUMNS), groups(B, ROWS)],
        steps: Array.from({ length: T }, (_, i) => T - 1 - i),
      });
      // The weight's input is the state of the step before.
      const first = { dOutput: dInput.at(0), input: initialState };
      const rest = T === 1 ? [] : [{
        dOutput: dInput.view(B * H, [T - 1, B, H]),
        input: output.view(0, [T - 1, B, H]),
      }];
      weightGradient(context, [first, ...rest], dWeight);
      biasGradient(context, dInput, dBias);
    },
  };
}
