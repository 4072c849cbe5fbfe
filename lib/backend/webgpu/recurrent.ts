/**
 * What the layers that go step by step share.
 *
 * @module
 */

import type { Dispatch } from "./commands.ts";
import { weightGradient } from "./linear.ts";
import { groups, type OpContext } from "./op_context.ts";
import type { WebGPUTensor } from "./tensor.ts";

/** A dispatch of all steps, less what says which steps. */
export type Layer = Omit<Dispatch, "pipeline" | "steps">;

/** The steps of a layer in order; the first has a pipeline of its own. */
export function forward(
  { dispatch, pipelines }: OpContext,
  cell: "rnn" | "gru" | "lstm",
  T: number,
  layer: Layer,
): void {
  dispatch({ pipeline: pipelines[`${cell}_first`], ...layer, steps: [0] });
  const steps = Array.from({ length: T - 1 }, (_, i) => i + 1);
  dispatch({ pipeline: pipelines[cell], ...layer, steps });
}

/** The steps of a layer's backpropagation, from the last one on. */
export function backward(
  { dispatch, pipelines }: OpContext,
  cell: "rnn" | "gru" | "lstm",
  T: number,
  layer: Layer,
): void {
  dispatch({
    pipeline: pipelines[`${cell}_backward`],
    ...layer,
    steps: Array.from({ length: T }, (_, i) => T - 1 - i),
  });
}

/** `weightᵀ`, for the steps backward: a scratch tensor. */
export function transpose(
  { dispatch, pipelines, scratch }: OpContext,
  weight: WebGPUTensor, // (rows, columns)
): WebGPUTensor {
  const [rows, columns] = weight.shape;
  const transposed = scratch("transposed", [columns, rows]);
  dispatch({
    pipeline: pipelines.transpose,
    tensors: { weight, transposed },
    dims: { rows, columns },
    workgroups: [groups(columns, 16), groups(rows, 16)],
  });
  return transposed;
}

/** `dWeight = Σ_t dSums_tᵀ · h_{t-1}`, of all steps at once. */
export function stateWeightGradient(
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
