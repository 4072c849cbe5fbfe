import type { Sizes } from "../implementations.ts";
import { gridOf } from "./grid.ts";
import type { OpContext, OpsOf } from "./op_context.ts";
import type { WebGPUTensor } from "./tensor.ts";

/** Workgroups that every device takes in a dispatch. */
const MOST_GROUPS = 65_535;

/** The tensors that the op was given. */
type Tensors = Parameters<OpsOf<"head">["head"]>[1];

/** Those of a call that has targets, with a place for the losses. */
type LossTensors = Tensors & {
  readonly targets: WebGPUTensor;
  readonly losses: WebGPUTensor;
  /** With the sum behind them; where there are none, what is bound and not read. */
  readonly weights: WebGPUTensor;
};

/**
 * The last layer and its loss: in one kernel where the logits of a few rows fit into a
 * workgroup's memory and nobody wants them, else in one for each step.
 */
export function headOps(context: OpContext): OpsOf<"head"> {
  return {
    head(sizes, tensors) {
      const { targets, logits } = tensors;
      if (!targets) {
        if (logits) computeLogits(context, sizes, tensors, logits);
        return;
      }
      const { dispatch, pipelines, scratch } = context;
      const { rows, V } = sizes;
      const losses = tensors.losses ?? scratch("losses", [rows]);
      const { MOST_V } = pipelines.head.constants;
      const [groups] = gridOf(pipelines.head, [rows]);
      const fits = V <= MOST_V && groups <= MOST_GROUPS;
      const run = fits && !logits ? inOneKernel : stepByStep;
      const weights = weightsOf(context, sizes, tensors);
      run(context, sizes, { ...tensors, targets, losses, weights });
      const { loss } = tensors;
      if (!loss) return;
      dispatch({
        pipeline: pipelines.head_loss,
        tensors: { losses, weights, loss },
        dims: { rows, ...hasWeights(tensors) },
        covers: [1],
      });
    },
  };
}

/** The weights and their sum, `(rows + 1)`. */
function weightsOf(
  { dispatch, pipelines, scratch }: OpContext,
  { rows }: Sizes,
  { targetWeights, bias }: Tensors,
): WebGPUTensor {
  if (!targetWeights) return bias;
  const weights = scratch("weights", [rows + 1]);
  dispatch({
    pipeline: pipelines.head_weights,
    tensors: { targetWeights, weights },
    dims: { rows },
    covers: [1],
  });
  return weights;
}

function hasWeights({ targetWeights }: Tensors) {
  return { hasWeights: targetWeights ? 1 : 0 };
}

function computeLogits(
  { dispatch, pipelines }: OpContext,
  { rows, H, V }: Sizes,
  { input, weight, bias }: Tensors,
  output: WebGPUTensor, // (rows, V)
): void {
  dispatch({
    pipeline: pipelines.linear,
    tensors: { input, weight, bias, output },
    dims: { rows, I: H, O: V, hasBias: 1 },
    covers: [V, rows],
    terms: H,
  });
}

function inOneKernel(
  { dispatch, pipelines: { head }, scratch }: OpContext,
  { rows, H, V }: Sizes,
  tensors: LossTensors,
): void {
  const { input, weight, bias, targets, weights, losses } = tensors;
  const { dLogits, dInput } = tensors;
  dispatch({
    pipeline: V <= head.constants.LANES ? head.variants.NARROW : head,
    tensors: {
      input,
      weight,
      bias,
      targets,
      weights,
      losses,
      dLogits: dLogits ?? scratch("unused", [1]),
      dInput: dInput ?? scratch("unused too", [1]),
    },
    dims: {
      rows,
      H,
      V,
      ...hasWeights(tensors),
      hasGradient: dLogits ? 1 : 0,
      hasInputGradient: dInput ? 1 : 0,
    },
    covers: [rows],
    terms: 2 * H * V,
  });
}

function stepByStep(
  context: OpContext,
  sizes: Sizes,
  tensors: LossTensors,
): void {
  const { dispatch, pipelines, scratch } = context;
  const { rows, H, V } = sizes;
  const { weight, targets, weights, losses, dLogits, dInput } = tensors;
  // Logits that nobody wants lie where their gradients are to be.
  const logits = tensors.logits ?? dLogits ?? scratch("logits", [rows, V]);
  computeLogits(context, sizes, tensors, logits);
  const { head_softmax } = pipelines;
  const isInPlace = logits === dLogits;
  dispatch({
    pipeline: isInPlace ? head_softmax.variants.IN_PLACE : head_softmax,
    tensors: {
      logits: isInPlace ? scratch("unused", [1]) : logits,
      targets,
      weights,
      losses,
      dLogits: dLogits ?? scratch("unused too", [1]),
    },
    dims: {
      rows,
      V,
      ...hasWeights(tensors),
      hasGradient: dLogits ? 1 : 0,
    },
    covers: [rows],
  });
  if (!dLogits || !dInput) return;
  dispatch({
    pipeline: pipelines.linear_backward,
    tensors: { dOutput: dLogits, weight, dInput },
    dims: { rows, I: H, O: V },
    covers: [H, rows],
    terms: V,
  });
}
