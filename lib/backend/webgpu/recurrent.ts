/**
 * The ops of recurrent layers: a dispatch for each step, whatever the cell.
 *
 * @module
 */

import type { Activation } from "../ops.ts";
import { biasGradient, weightGradient } from "./linear.ts";
import type { OpContext, OpsOf } from "./op_context.ts";
import type { WebGPUTensor } from "./tensor.ts";

/** A cell, by the name of its op and of the kernel of a step forward. */
type Cell = "rnn" | "gru" | "lstm";

/** An op's tensors, by the names of its arguments. */
type Tensors<Name extends string> = Readonly<Record<Name, WebGPUTensor>>;

/** What a step takes: the op's dimensions, and numbers of the cell alone. */
interface Dims extends Readonly<Record<string, number>> {
  readonly T: number;
  readonly B: number;
  readonly H: number;
}

/**
 * The ops of all cells. A cell is two kernels of one step, `CELL.wgsl` with a variant
 * for the first step and `CELL_backward.wgsl`, and two entries here.
 */
export function recurrentOps(
  context: OpContext,
): OpsOf<Cell | `${Cell}Backward`> {
  return {
    rnn(sizes, tensors, { activation }) {
      forward(context, "rnn", tensors, { ...sizes, ...kindOf(activation) });
    },
    rnnBackward(sizes, tensors, { activation }) {
      backward(context, "rnn", tensors, { ...sizes, ...kindOf(activation) });
    },
    gru: (sizes, tensors) => forward(context, "gru", tensors, sizes),
    gruBackward(sizes, tensors) {
      const dSums = backward(context, "gru", tensors, sizes);
      // Of the new gate: the last H of each row.
      biasGradient(context, dSums, tensors.dHiddenBias);
    },
    lstm: (sizes, tensors) => forward(context, "lstm", tensors, sizes),
    lstmBackward(sizes, tensors) {
      backward(context, "lstm", tensors, sizes);
    },
  };
}

function kindOf(activation: Activation): { relu: number } {
  return { relu: activation === "relu" ? 1 : 0 };
}

/** The steps of a layer in order. */
function forward(
  { dispatch, pipelines }: OpContext,
  cell: Cell,
  tensors: Tensors<string>,
  dims: Dims,
): void {
  const { T, B, H } = dims;
  const pipeline = pipelines[cell];
  const [terms] = tensors.weight.shape; // G·H
  const layer = { tensors, dims, covers: [H, B], terms } as const;
  dispatch({ pipeline: pipeline.variants.FIRST, ...layer, steps: [0] });
  const steps = Array.from({ length: T - 1 }, (_, i) => i + 1);
  dispatch({ pipeline, ...layer, steps });
}

/**
 * The steps of a layer's backpropagation from the last one on, then the gradients.
 *
 * @returns `(T, B, GH)`, the gradient by the sums over `h`.
 */
function backward(
  context: OpContext,
  cell: Cell,
  tensors:
    & Tensors<"weight" | "output" | "initialState">
    & Tensors<"dInput" | "dWeight" | "dBias">,
  dims: Dims,
): WebGPUTensor {
  const { dispatch, pipelines, scratch } = context;
  const { T, B, H } = dims;
  const { weight, dInput, dWeight, dBias, ...rest } = tensors;
  const pipeline = pipelines[`${cell}_backward`];
  const binds = (wanted: string) =>
    pipeline.bindings.some(({ name }) => name === wanted);
  // Without a gate between the two it is the gradient by the input.
  const dSums = binds("dSums") ? scratch("dSums", dInput.shape) : dInput;
  dispatch({
    pipeline,
    tensors: {
      ...rest,
      dInput,
      dSums,
      transposed: transpose(context, weight),
      ...(binds("carried") && { carried: scratch("carried", [B, H]) }),
    },
    dims,
    covers: [H, B],
    terms: weight.shape[0], // G·H
    steps: Array.from({ length: T }, (_, i) => T - 1 - i),
  });
  const { initialState, output } = tensors;
  stateWeightGradient(context, dSums, initialState, output, dWeight);
  biasGradient(context, dInput, dBias);
  return dSums;
}

/** `weightᵀ`, for the steps backward: a scratch tensor. */
function transpose(
  { dispatch, pipelines, scratch }: OpContext,
  weight: WebGPUTensor, // (rows, columns)
): WebGPUTensor {
  const [rows, columns] = weight.shape;
  const transposed = scratch("transposed", [columns, rows]);
  dispatch({
    pipeline: pipelines.transpose,
    tensors: { weight, transposed },
    dims: { rows, columns },
    covers: [columns, rows],
  });
  return transposed;
}

/** `dWeight = Σ_t dSums_tᵀ · h_{t-1}`, of all steps at once. */
function stateWeightGradient(
  context: OpContext,
  dSums: WebGPUTensor, // (T, B, GH)
  initialState: WebGPUTensor, // (B, H)
  output: WebGPUTensor, // (T, B, H)
  dWeight: WebGPUTensor, // (GH, H)
): void {
  const [T, B, H] = output.shape;
  const width = dSums.shape[2];
  // The weight's input is the state of the step before.
  const first = { dOutput: dSums.at(0), input: initialState };
  const rest = T === 1 ? [] : [{
    dOutput: dSums.view(B * width, [T - 1, B, width]),
    input: output.view(0, [T - 1, B, H]),
  }];
  weightGradient(context, [first, ...rest], dWeight);
}
