/**
 * Ops as dispatches.
 *
 * @module
 */

import type { Ops } from "../backend.ts";
import {
  carryDimensions,
  copyDimensions,
  dropoutDimensions,
  globalNormDimensions,
  oneHotLinearBackwardDimensions,
  oneHotLinearDimensions,
  softmaxCrossEntropyDimensions,
} from "../shapes.ts";
import { embeddingOps } from "./embedding.ts";
import { gridOf } from "./grid.ts";
import { linearOps } from "./linear.ts";
import type { OpContext } from "./op_context.ts";
import { recurrentOps } from "./recurrent.ts";
import { sampleOps } from "./sample.ts";
import { WebGPUTensor } from "./tensor.ts";
import { updateOps } from "./update.ts";

/** Those of layers and optimizers from their own files, and the small ones. */
export function createOps(context: OpContext): Ops {
  const { dispatch, pipelines, scratch, tensorsOf } = context;
  return {
    ...embeddingOps(context),
    ...linearOps(context),
    ...recurrentOps(context),
    ...sampleOps(context),
    ...updateOps(context),

    oneHotLinear(x) {
      const { ids, weight, output } = tensorsOf(x);
      const { T, B, O, V } = oneHotLinearDimensions(x);
      dispatch({
        pipeline: pipelines.one_hot_linear,
        tensors: { ids, weight, output },
        dims: { rows: T * B, O, V },
        covers: [T * B * O],
      });
    },

    oneHotLinearBackward(x) {
      const { ids, dOutput, dWeight } = tensorsOf(x);
      const { T, B, O, V } = oneHotLinearBackwardDimensions(x);
      dispatch({
        pipeline: pipelines.one_hot_linear_backward,
        tensors: { ids, dOutput, dWeight },
        dims: { rows: T * B, O, V },
        covers: [O, V],
      });
    },

    softmaxCrossEntropy(x) {
      const { logits, targets, loss, dLogits, ...rest } = tensorsOf(x);
      const { T, B, V } = softmaxCrossEntropyDimensions(x);
      const rows = T * B;
      const losses = rest.losses ?? scratch("losses", [rows]);
      dispatch({
        pipeline: pipelines.softmax_cross_entropy,
        tensors: {
          logits,
          targets,
          losses,
          dLogits: dLogits ?? scratch("unused", [1]),
        },
        dims: { rows, V, hasGradient: dLogits ? 1 : 0 },
        covers: [rows],
      });
      dispatch({
        pipeline: pipelines.softmax_cross_entropy_mean,
        tensors: { losses, loss },
        dims: { rows },
        covers: [1],
      });
    },

    dropout(x) {
      const { input, output } = tensorsOf(x);
      const size = dropoutDimensions(x);
      const { rate, key, counter } = x;
      const inPlace = input.storage === output.storage &&
        input.offset === output.offset;
      const { dropout } = pipelines;
      dispatch({
        pipeline: inPlace ? dropout.variants.IN_PLACE : dropout,
        tensors: { input: inPlace ? scratch("unused", [1]) : input, output },
        dims: {
          size,
          threshold: Math.floor(rate * 2 ** 32),
          scale: 1 / (1 - rate),
          key0: key[0],
          key1: key[1],
          counter0: counter[0],
          counter1: counter[1],
          counter2: counter[2],
        },
        covers: [size],
      });
    },

    globalNorm(x) {
      const { gradients, norm } = tensorsOf(x);
      const P = globalNormDimensions(x);
      // No more sums than there are invocations to add them up.
      const { global_norm, global_norm_partials } = pipelines;
      const most = global_norm.constants.SIZE * global_norm_partials.share[0];
      const covers = [Math.min(P, most)] as const;
      const [count] = gridOf(global_norm_partials, covers);
      const partials = scratch("partials", [count, 3]);
      dispatch({
        pipeline: global_norm_partials,
        tensors: { gradients, partials },
        dims: { P },
        covers,
      });
      dispatch({
        pipeline: global_norm,
        tensors: { partials, norm },
        dims: { count },
        covers: [1],
      });
    },

    fill(x) {
      const { tensor, value } = tensorsOf(x);
      dispatch({
        pipeline: pipelines.fill,
        tensors: { tensor },
        dims: { size: tensor.size, value },
        covers: [tensor.size],
      });
    },

    copy(x) {
      const { source, destination } = tensorsOf(x);
      const size = copyDimensions(x);
      dispatch({
        pipeline: pipelines.copy,
        tensors: { source: bits(source), destination: bits(destination) },
        dims: { size },
        covers: [size],
      });
    },

    carry(x) {
      const { source, destination, norm } = tensorsOf(x);
      const size = carryDimensions(x);
      dispatch({
        pipeline: pipelines.carry,
        tensors: { source, destination, norm },
        dims: { size },
        covers: [size],
      });
    },
  };
}

/** The same elements as words, so that one kernel copies those of any type. */
function bits({ memory, storage, offset, shape }: WebGPUTensor): WebGPUTensor {
  return new WebGPUTensor(memory, storage, offset, shape, "u32");
}
