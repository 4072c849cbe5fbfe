/**
 * Ops as dispatches.
 *
 * @module
 */

import type { Implementations } from "../check_call.ts";
import { embeddingOps } from "./embedding.ts";
import { gridOf } from "./grid.ts";
import { headOps } from "./head.ts";
import { linearOps } from "./linear.ts";
import type { OpContext } from "./op_context.ts";
import { recurrentOps } from "./recurrent.ts";
import { sampleOps } from "./sample.ts";
import type { WebGPUTensor } from "./tensor.ts";
import { updateOps } from "./update.ts";
import { weightGradientsOps } from "./weight_gradients.ts";

/** Those of layers and optimizers from their own files, and the small ones. */
export function createOps(context: OpContext): Implementations<WebGPUTensor> {
  const { dispatch, pipelines, scratch } = context;
  return {
    ...embeddingOps(context),
    ...headOps(context),
    ...linearOps(context),
    ...recurrentOps(context),
    ...sampleOps(context),
    ...updateOps(context),
    ...weightGradientsOps(context),

    oneHotLinear({ rows, O, V }, tensors) {
      dispatch({
        pipeline: pipelines.one_hot_linear,
        tensors,
        dims: { rows, O, V },
        covers: [rows * O],
      });
    },

    dropout({ size }, { input, output }, { rate, key, counter }) {
      const inPlace = input.overlaps(output);
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

    globalNorm({ P }, { gradients, norm }) {
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

    fill({ size }, tensors, { value }) {
      dispatch({
        pipeline: pipelines.fill,
        tensors,
        dims: { size, value },
        covers: [size],
      });
    },

    copy({ size }, tensors) {
      dispatch({
        pipeline: pipelines.copy, // of words, whatever they mean
        tensors,
        dims: { size },
        covers: [size],
      });
    },

    carry({ size }, tensors) {
      dispatch({
        pipeline: pipelines.carry,
        tensors,
        dims: { size },
        covers: [size],
      });
    },
  };
}
