/**
 * The ops of recurrent layers: a dispatch for each step, whatever the cell.
 *
 * @module
 */

import type { Activation } from "../ops.ts";
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
    gruBackward: (sizes, tensors) => backward(context, "gru", tensors, sizes),
    lstm: (sizes, tensors) => forward(context, "lstm", tensors, sizes),
    lstmBackward: (sizes, tensors) => backward(context, "lstm", tensors, sizes),
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
  const layer = { tensors, dims, covers: [H, B] } as const;
  dispatch({ pipeline: pipeline.variants.FIRST, ...layer, steps: [0] });
  const steps = Array.from({ length: T - 1 }, (_, i) => i + 1);
  dispatch({ pipeline, ...layer, steps });
}

/** The steps of a layer's backpropagation, from the last one on. */
function backward(
  context: OpContext,
  cell: Cell,
  { weight, ...tensors }: Tensors<"weight">,
  dims: Dims,
): void {
  const { dispatch, pipelines, scratch } = context;
  const { T, B, H } = dims;
  const pipeline = pipelines[`${cell}_backward`];
  const carries = pipeline.bindings.some(({ name }) => name === "carried");
  dispatch({
    pipeline,
    tensors: {
      ...tensors,
      transposed: transpose(context, weight),
      ...(carries && { carried: scratch("carried", [B, H]) }),
    },
    dims,
    covers: [H, B],
    steps: Array.from({ length: T }, (_, i) => T - 1 - i),
  });
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
