import type { Ops } from "../backend.ts";
import { linearBackwardDimensions, linearDimensions } from "../shapes.ts";
import {
  COLUMNS,
  groups,
  type OpContext,
  ROWS,
  striding,
} from "./op_context.ts";
import type { WebGPUTensor } from "./tensor.ts";

/** Workgroups of a product that keep a large device busy. */
const BUSY = 256;
/** Side of a workgroup's tile of linear_backward_input and …_weight. */
const TILE = 64;

/** The ops of a linear layer. */
export function linearOps(
  context: OpContext,
): Pick<Ops, "linear" | "linearBackward"> {
  const { dispatch, own, pipelines } = context;
  return {
    linear(x) {
      const { input, weight, bias, output } = own(x);
      const { rows, I, O } = linearDimensions(x);
      dispatch({
        pipeline: pipelines.linear,
        tensors: { input, weight, bias: bias ?? weight, output },
        dims: { rows, I, O, hasBias: bias ? 1 : 0 },
        workgroups: [groups(O, COLUMNS), groups(rows, ROWS)],
      });
    },

    linearBackward(x) {
      const { input, weight, dOutput, dInput, dWeight, dBias } = own(x);
      const { rows, I, O } = linearBackwardDimensions(x);
      if (dInput) {
        dispatch({
          pipeline: pipelines.linear_backward_input,
          tensors: { dOutput, weight, dInput },
          dims: { rows, I, O },
          workgroups: [groups(I, TILE), groups(rows, TILE)],
        });
      }
      weightGradient(context, [{ dOutput, input }], dWeight);
      if (dBias) biasGradient(context, dOutput, dBias);
    },
  };
}

/** `dWeight = dOutputᵀ · input` over the rows of `parts`, one after the other. */
export function weightGradient(
  { dispatch, pipelines, scratch }: OpContext,
  parts: readonly { dOutput: WebGPUTensor; input: WebGPUTensor }[],
  dWeight: WebGPUTensor, // (O, I)
): void {
  const [O, I] = dWeight.shape;
  const x = groups(I, TILE), y = groups(O, TILE);
  const cut = parts.map(({ dOutput, input }) => {
    const rows = dOutput.size / O;
    // At least 64 rows a slice, so that adding them up is the lesser part.
    const wanted = Math.ceil(BUSY / (x * y));
    const slices = Math.min(wanted, groups(rows, 64));
    const rowsPerSlice = 16 * groups(rows, 16 * slices);
    const count = groups(rows, rowsPerSlice);
    return { dOutput, input, rows, rowsPerSlice, slices: count };
  });
  const slices = cut.reduce((sum, part) => sum + part.slices, 0);
  const partials = slices > 1 ? scratch("partials", [slices, O, I]) : undefined;
  let first = 0;
  for (const { dOutput, input, rows, rowsPerSlice, slices } of cut) {
    dispatch({
      pipeline: pipelines.linear_backward_weight,
      tensors: {
        dOutput,
        input,
        dWeight: partials ? partials.at(first) : dWeight,
      },
      dims: { rows, rowsPerSlice, I, O },
      workgroups: [x, y, slices],
    });
    first += slices;
  }
  if (!partials) return;
  dispatch({
    pipeline: pipelines.sum_slices,
    tensors: { partials, dWeight },
    dims: { slices, size: O * I },
    workgroups: [striding(O * I)],
  });
}

/** `dBias = Σ dOutput`, of the last columns where dOutput has more than dBias. */
export function biasGradient(
  { dispatch, pipelines }: OpContext,
  dOutput: WebGPUTensor, // (…, columns)
  dBias: WebGPUTensor, // (O)
): void {
  const O = dBias.size;
  const columns = dOutput.shape[dOutput.shape.length - 1];
  dispatch({
    pipeline: pipelines.linear_backward_bias,
    tensors: { dOutput, dBias },
    dims: { rows: dOutput.size / columns, columns, O },
    workgroups: [groups(O, 8)],
  });
}
