import { gridOf } from "./grid.ts";
import type { OpContext, OpsOf } from "./op_context.ts";
import type { WebGPUTensor } from "./tensor.ts";

/** Workgroups of a product that keep a large device busy. */
const BUSY = 256;
/** Rows of a slice at the least, so that adding slices up is the lesser part. */
const LEAST_ROWS = 64;

/** A kernel for the product, and one for each gradient. */
export function linearOps(
  context: OpContext,
): OpsOf<"linear" | "linearBackward"> {
  const { dispatch, pipelines } = context;
  return {
    linear({ rows, I, O }, { input, weight, bias, output }) {
      dispatch({
        pipeline: pipelines.linear,
        tensors: { input, weight, bias: bias ?? weight, output },
        dims: { rows, I, O, hasBias: bias ? 1 : 0 },
        covers: [O, rows],
      });
    },

    linearBackward({ rows, I, O }, tensors) {
      const { input, weight, dOutput, dInput, dWeight, dBias } = tensors;
      if (dInput) {
        dispatch({
          pipeline: pipelines.linear_backward_input,
          tensors: { dOutput, weight, dInput },
          dims: { rows, I, O },
          covers: [I, rows],
        });
      }
      if (dWeight) weightGradient(context, [{ dOutput, input }], dWeight);
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
  const { linear_backward_weight } = pipelines;
  const [x, y] = gridOf(linear_backward_weight, [I, O]);
  const { SIDE } = linear_backward_weight.constants; // rows at a time
  const cut = parts.map(({ dOutput, input }) => {
    const rows = dOutput.size / O;
    const wanted = Math.ceil(BUSY / (x * y));
    const most = Math.min(wanted, Math.ceil(rows / LEAST_ROWS));
    const rowsPerSlice = SIDE * Math.ceil(rows / (SIDE * most));
    const slices = Math.ceil(rows / rowsPerSlice);
    return { dOutput, input, rows, rowsPerSlice, slices };
  });
  const slices = cut.reduce((sum, part) => sum + part.slices, 0);
  const partials = slices > 1 ? scratch("partials", [slices, O, I]) : undefined;
  let first = 0;
  for (const { dOutput, input, rows, rowsPerSlice, slices } of cut) {
    dispatch({
      pipeline: linear_backward_weight,
      tensors: {
        dOutput,
        input,
        dWeight: partials ? partials.at(first) : dWeight,
      },
      dims: { rows, rowsPerSlice, I, O },
      covers: [I, O, slices],
    });
    first += slices;
  }
  if (!partials) return;
  dispatch({
    pipeline: pipelines.sum_slices,
    tensors: { partials, dWeight },
    dims: { slices, size: O * I },
    covers: [O * I],
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
    covers: [O],
  });
}
