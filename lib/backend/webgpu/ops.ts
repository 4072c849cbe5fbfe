/**
 * Ops as dispatches.
 *
 * @module
 */

import type { Implementations } from "../implementations.ts";
import { embeddingOps } from "./embedding.ts";
import { finishOps } from "./finish.ts";
import { headOps } from "./head.ts";
import { linearOps } from "./linear.ts";
import type { OpContext } from "./op_context.ts";
import { recurrentOps } from "./recurrent.ts";
import { sampleOps } from "./sample.ts";
import type { WebGPUTensor } from "./tensor.ts";
import { weightGradientsOps } from "./weight_gradients.ts";

/** Those of layers and optimizers from their own files, and the small ones. */
export function createOps(context: OpContext): Implementations<WebGPUTensor> {
  const { dispatch, pipelines, scratch } = context;
  return {
    ...embeddingOps(context),
    ...finishOps(context),
    ...headOps(context),
    ...linearOps(context),
    ...recurrentOps(context),
    ...sampleOps(context),
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
