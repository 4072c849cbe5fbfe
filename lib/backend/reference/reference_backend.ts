/**
 * The reference backend: plain loops, the executable specification of every op.
 *
 * @module
 */

import type { Backend, DType, Ops, Tensor, Values } from "../backend.ts";
import {
  assertShape,
  assertView,
  carryDimensions,
  copyDimensions,
  dropoutDimensions,
  embeddingBackwardDimensions,
  embeddingDimensions,
  entryOffset,
  globalNormDimensions,
  gruBackwardDimensions,
  gruDimensions,
  linearBackwardDimensions,
  linearDimensions,
  lstmBackwardDimensions,
  lstmDimensions,
  oneHotLinearBackwardDimensions,
  oneHotLinearDimensions,
  rnnBackwardDimensions,
  rnnDimensions,
  sampleDimensions,
  sampleSettings,
  sizeOf,
  softmaxCrossEntropyDimensions,
  updateDimensions,
  updateSettings,
} from "../shapes.ts";
import { carry } from "./carry.ts";
import { dropout } from "./dropout.ts";
import { oneHotLinear, oneHotLinearBackward } from "./one_hot_linear.ts";
import type { Floats } from "./floats.ts";
import { globalNorm, update } from "./gradient_descent.ts";
import { gru, gruBackward } from "./gru.ts";
import { linear, linearBackward } from "./linear.ts";
import { elements } from "./elements.ts";
import { embedding, embeddingBackward } from "./embedding.ts";
import { lstm, lstmBackward } from "./lstm.ts";
import { rnn, rnnBackward } from "./rnn.ts";
import { sample } from "./sample.ts";
import { softmaxCrossEntropy } from "./softmax_cross_entropy.ts";

/** Settings of {@linkcode openReference}. */
export interface ReferenceOptions {
  /** Precision in which results are stored; sums are always float64. */
  readonly precision?: "float64" | "float32";
}

/**
 * Opens the reference backend.
 *
 * @example
 * ```ts
 * import { openReference } from "./reference_backend.ts";
 *
 * using backend = openReference({ precision: "float64" });
 * const tensor = backend.allocate([2, 3]);
 * backend.ops.fill({ tensor, value: 0.5 });
 * console.assert((await backend.read(tensor)).length === 6);
 * ```
 */
export function openReference(
  { precision = "float64" }: ReferenceOptions = {},
): Backend {
  const RealArray: new (size: number) => Floats = precision === "float64"
    ? Float64Array
    : Float32Array;
  return {
    name: "reference",
    description: `reference (plain TypeScript, ${precision}, one thread)`,
    ops,
    allocate: (shape, dtype = "f32") => {
      assertShape(shape);
      const size = sizeOf(shape);
      return dtype === "u32"
        ? new ReferenceTensor(shape, dtype, elements(Uint32Array, size))
        : new ReferenceTensor(shape, dtype, elements(RealArray, size));
    },
    free: (tensor) => void own(tensor),
    write: (tensor, values) => {
      const { data, shape } = own(tensor);
      if (values.length !== data.length) {
        throw new RangeError(
          `Cannot write ${values.length} values to a tensor of shape ` +
            `(${shape.join(", ")})`,
        );
      }
      data.set(values);
    },
    read: (tensor) => Promise.resolve(own(tensor).data.slice()),
    [Symbol.dispose]: () => {},
  };
}

class ReferenceTensor implements Tensor {
  constructor(
    readonly shape: readonly number[],
    readonly dtype: DType,
    readonly data: Values,
  ) {}

  at(index: number): ReferenceTensor {
    return this.view(entryOffset(this.shape, index), this.shape.slice(1));
  }

  view(offset: number, shape: readonly number[]): ReferenceTensor {
    assertView(this.shape, offset, shape);
    const data = this.data.subarray(offset, offset + sizeOf(shape));
    return new ReferenceTensor(shape, this.dtype, data);
  }
}

function own(tensor: Tensor): ReferenceTensor {
  if (tensor instanceof ReferenceTensor) return tensor;
  throw new TypeError("The reference backend was given another's tensor");
}

function reals(tensor: Tensor): Floats {
  const { data } = own(tensor);
  if (!(data instanceof Uint32Array)) return data;
  throw new TypeError("Expected a tensor of f32, got u32");
}

function ids(tensor: Tensor): Uint32Array {
  const { data } = own(tensor);
  if (data instanceof Uint32Array) return data;
  throw new TypeError("Expected a tensor of u32, got f32");
}

const ops: Ops = {
  oneHotLinear(x) {
    const { T, B, O, V } = oneHotLinearDimensions(x);
    const sizes = { rows: T * B, O, V };
    oneHotLinear(sizes, ids(x.ids), reals(x.weight), reals(x.output));
  },
  oneHotLinearBackward(x) {
    const { T, B, O, V } = oneHotLinearBackwardDimensions(x);
    const sizes = { rows: T * B, O, V };
    oneHotLinearBackward(sizes, ids(x.ids), reals(x.dOutput), reals(x.dWeight));
  },
  embedding(x) {
    const { T, B, E } = embeddingDimensions(x);
    embedding({ rows: T * B, E }, ids(x.ids), reals(x.table), reals(x.output));
  },
  embeddingBackward(x) {
    const { T, B, E } = embeddingBackwardDimensions(x);
    const sizes = { rows: T * B, E };
    embeddingBackward(sizes, ids(x.ids), reals(x.dOutput), reals(x.dTable));
  },
  linear(x) {
    linear(
      linearDimensions(x),
      reals(x.input),
      reals(x.weight),
      x.bias && reals(x.bias),
      reals(x.output),
    );
  },
  linearBackward(x) {
    linearBackward(
      linearBackwardDimensions(x),
      reals(x.input),
      reals(x.weight),
      reals(x.dOutput),
      x.dInput && reals(x.dInput),
      reals(x.dWeight),
      x.dBias && reals(x.dBias),
    );
  },
  rnn(x) {
    rnn(
      rnnDimensions(x),
      reals(x.input),
      reals(x.weight),
      reals(x.bias),
      reals(x.initialState),
      reals(x.output),
      x.activation,
    );
  },
  rnnBackward(x) {
    rnnBackward(
      rnnBackwardDimensions(x),
      reals(x.weight),
      reals(x.initialState),
      reals(x.output),
      reals(x.dOutput),
      reals(x.dInput),
      reals(x.dWeight),
      reals(x.dBias),
      x.activation,
    );
  },
  gru(x) {
    gru(
      gruDimensions(x),
      reals(x.input),
      reals(x.weight),
      reals(x.bias),
      reals(x.hiddenBias),
      reals(x.initialState),
      reals(x.output),
      reals(x.gates),
    );
  },
  gruBackward(x) {
    gruBackward(
      gruBackwardDimensions(x),
      reals(x.weight),
      reals(x.initialState),
      reals(x.output),
      reals(x.gates),
      reals(x.dOutput),
      reals(x.dInput),
      reals(x.dWeight),
      reals(x.dBias),
      reals(x.dHiddenBias),
    );
  },
  lstm(x) {
    lstm(
      lstmDimensions(x),
      reals(x.input),
      reals(x.weight),
      reals(x.bias),
      reals(x.initialState),
      reals(x.initialCell),
      reals(x.output),
      reals(x.cells),
      reals(x.gates),
    );
  },
  lstmBackward(x) {
    lstmBackward(
      lstmBackwardDimensions(x),
      reals(x.weight),
      reals(x.initialState),
      reals(x.initialCell),
      reals(x.output),
      reals(x.cells),
      reals(x.gates),
      reals(x.dOutput),
      reals(x.dInput),
      reals(x.dWeight),
      reals(x.dBias),
    );
  },
  dropout(x) {
    dropoutDimensions(x);
    const { rate, key, counter } = x;
    dropout(reals(x.input), reals(x.output), rate, key, counter);
  },
  softmaxCrossEntropy(x) {
    const { T, B, V } = softmaxCrossEntropyDimensions(x);
    softmaxCrossEntropy(
      { rows: T * B, V },
      reals(x.logits),
      ids(x.targets),
      reals(x.loss),
      x.losses && reals(x.losses),
      x.dLogits && reals(x.dLogits),
    );
  },
  globalNorm(x) {
    globalNormDimensions(x);
    globalNorm(reals(x.gradients), reals(x.norm));
  },
  update(x) {
    updateDimensions(x);
    const unused = new Float64Array(0);
    update(
      reals(x.parameters),
      reals(x.gradients),
      reals(x.norm),
      x.firstMoment ? reals(x.firstMoment) : unused,
      x.secondMoment ? reals(x.secondMoment) : unused,
      updateSettings(x),
    );
  },
  fill(x) {
    reals(x.tensor).fill(x.value);
  },
  copy(x) {
    copyDimensions(x);
    own(x.destination).data.set(own(x.source).data);
  },
  carry(x) {
    carryDimensions(x);
    carry(reals(x.source), reals(x.destination), reals(x.norm));
  },
  sample(x) {
    sample(
      sampleDimensions(x),
      reals(x.logits),
      ids(x.tokens),
      x.uniforms && reals(x.uniforms),
      x.seen && ids(x.seen),
      x.logProbabilities && reals(x.logProbabilities),
      sampleSettings(x),
    );
  },
};
