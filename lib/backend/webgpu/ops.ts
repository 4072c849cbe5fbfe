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
import { gruOps } from "./gru.ts";
import { linearOps } from "./linear.ts";
import { embeddingOps } from "./embedding.ts";
import { lstmOps } from "./lstm.ts";
import {
  groups,
  MAX_STRIDING,
  type OpContext,
  striding,
} from "./op_context.ts";
import { rnnOps } from "./rnn.ts";
import { sampleOps } from "./sample.ts";
import { WebGPUTensor } from "./tensor.ts";
import { updateOps } from "./update.ts";

/** The ops of one backend. */
export function createOps(context: OpContext): Ops {
  const { dispatch, own, pipelines, scratch } = context;
  return {
    ...gruOps(context),
    ...linearOps(context),
    ...embeddingOps(context),
    ...lstmOps(context),
    ...rnnOps(context),
    ...sampleOps(context),
    ...updateOps(context),

    oneHotLinear(x) {
      const { ids, weight, output } = own(x);
      const { T, B, O, V } = oneHotLinearDimensions(x);
      dispatch({
        pipeline: pipelines.one_hot_linear,
        tensors: { ids, weight, output },
        dims: { rows: T * B, O, V },
        workgroups: [striding(T * B * O)],
      });
    },

    oneHotLinearBackward(x) {
      const { ids, dOutput, dWeight } = own(x);
      const { T, B, O, V } = oneHotLinearBackwardDimensions(x);
      dispatch({
        pipeline: pipelines.one_hot_linear_backward,
        tensors: { ids, dOutput, dWeight },
        dims: { rows: T * B, O, V },
        workgroups: [groups(O, 64), V],
      });
    },

    softmaxCrossEntropy(x) {
      const { logits, targets, loss, dLogits, ...rest } = own(x);
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
        workgroups: [Math.min(groups(rows, 4), MAX_STRIDING)],
      });
      dispatch({
        pipeline: pipelines.softmax_cross_entropy_mean,
        tensors: { losses, loss },
        dims: { rows },
        workgroups: [1],
      });
    },

    dropout(x) {
      const { input, output } = own(x);
      const size = dropoutDimensions(x);
      const { rate, key, counter } = x;
      const inPlace = input.storage === output.storage &&
        input.offset === output.offset;
      const { dropout, dropout_in_place } = pipelines;
      dispatch({
        pipeline: inPlace ? dropout_in_place : dropout,
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
        workgroups: [striding(groups(size, 4))],
      });
    },

    globalNorm(x) {
      const { gradients, norm } = own(x);
      const P = globalNormDimensions(x);
      const count = Math.min(groups(P, 256), 256);
      const partials = scratch("partials", [count, 3]);
      dispatch({
        pipeline: pipelines.global_norm_partials,
        tensors: { gradients, partials },
        dims: { P },
        workgroups: [count],
      });
      dispatch({
        pipeline: pipelines.global_norm,
        tensors: { partials, norm },
        dims: { count },
        workgroups: [1],
      });
    },

    fill(x) {
      const { tensor, value } = own(x);
      dispatch({
        pipeline: pipelines.fill,
        tensors: { tensor },
        dims: { size: tensor.size, value },
        workgroups: [striding(tensor.size)],
      });
    },

    copy(x) {
      const { source, destination } = own(x);
      const size = copyDimensions(x);
      dispatch({
        pipeline: pipelines.copy,
        tensors: { source: bits(source), destination: bits(destination) },
        dims: { size },
        workgroups: [striding(size)],
      });
    },

    carry(x) {
      const { source, destination, norm } = own(x);
      const size = carryDimensions(x);
      dispatch({
        pipeline: pipelines.carry,
        tensors: { source, destination, norm },
        dims: { size },
        workgroups: [striding(size)],
      });
    },
  };
}

/** The same elements as words, so that one kernel copies those of any type. */
function bits({ memory, storage, offset, shape }: WebGPUTensor): WebGPUTensor {
  return new WebGPUTensor(memory, storage, offset, shape, "u32");
}
