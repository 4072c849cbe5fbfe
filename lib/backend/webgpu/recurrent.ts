/**
 * The ops of recurrent layers, whatever the cell: with a dispatch for each step, or with
 * one for a whole sequence.
 *
 * @module
 */

import type { Activation } from "../ops.ts";
import { engineOf, sequencePipeline } from "./engine.ts";
import type { OpContext, OpsOf } from "./op_context.ts";
import type { WebGPUTensor } from "./tensor.ts";

/** A cell, by the name of its op and of its file in kernels/. */
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
 * The ops of all cells. A cell is two files of kernels, `CELL.wgsl` and
 * `CELL_backward.wgsl`, and two entries here.
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
  { dispatch, pipelines, engine }: OpContext,
  cell: Cell,
  tensors: Tensors<"weight">,
  dims: Dims,
): void {
  const { T, B, H } = dims;
  const [terms] = tensors.weight.shape; // G·H
  const sequence = pipelines[`${cell}_sequence`];
  if (engineOf(engine, dims, tensors.weight, sequence) === "sequence") {
    const pipeline = sequencePipeline(sequence, dims);
    const { STEPS } = pipeline.constants;
    dispatch({
      pipeline,
      tensors,
      dims,
      covers: [B],
      terms: Math.min(STEPS, T) * H * terms,
      steps: multiplesBelow(T, STEPS),
    });
    return;
  }
  const pipeline = pipelines[cell];
  const layer = { tensors, dims, covers: [H, B], terms } as const;
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
  const { dispatch, pipelines, scratch, engine } = context;
  const { T, B, H } = dims;
  const [terms] = weight.shape; // G·H
  const sequence = pipelines[`${cell}_backward_sequence`];
  const isSequence = engineOf(engine, dims, weight, sequence) === "sequence";
  const pipeline = isSequence
    ? sequencePipeline(sequence, dims)
    : pipelines[`${cell}_backward`];
  const distance = isSequence ? pipeline.constants.STEPS : 1;
  const carries = pipeline.bindings.some(({ name }) => name === "carried");
  dispatch({
    pipeline,
    tensors: {
      ...tensors,
      weight: isSequence ? weight : transpose(context, weight),
      ...(carries && { carried: scratch("carried", [B, H]) }),
    },
    dims,
    ...(isSequence
      ? { covers: [B], terms: Math.min(distance, T) * H * terms }
      : { covers: [H, B], terms }),
    steps: multiplesBelow(T, distance).map((step) => T - 1 - step),
  });
}

/** 0, `distance`, 2 · `distance` and so on, below `end`. */
function multiplesBelow(end: number, distance: number): number[] {
  const length = Math.ceil(end / distance);
  return Array.from({ length }, (_, i) => i * distance);
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
