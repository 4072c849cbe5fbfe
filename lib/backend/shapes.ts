/**
 * Shapes of tensors and of the arguments of every op, checked the same way on
 * every backend.
 *
 * @module
 */

import type {
  Copy,
  Embedding,
  EmbeddingBackward,
  GlobalNorm,
  Linear,
  LinearBackward,
  Rnn,
  RnnBackward,
  Sample,
  SoftmaxCrossEntropy,
  Tensor,
  Update,
} from "./backend.ts";

/** Number of elements of a tensor of this shape; 1 for a scalar, `[]`. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** Throws a RangeError unless every extent is a whole number above zero. */
export function assertShape(shape: readonly number[]): void {
  if (shape.every((extent) => Number.isSafeInteger(extent) && extent > 0)) {
    return;
  }
  throw new RangeError(
    `Cannot make a tensor of shape (${shape.join(", ")}): ` +
      `every extent must be a whole number above zero`,
  );
}

/**
 * First element of the view `tensor.at(index)`.
 *
 * @throws {RangeError} If the tensor is a scalar or `index` lies outside.
 */
export function entryOffset(shape: readonly number[], index: number): number {
  const count = shape[0] ?? 0;
  if (!Number.isInteger(index) || index < 0 || index >= count) {
    throw new RangeError(
      `Cannot view entry ${index} of a tensor of shape ` +
        `(${shape.join(", ")}): expected an index from 0 to ${count - 1}`,
    );
  }
  return index * sizeOf(shape.slice(1));
}

/** Throws a RangeError unless the view lies within its tensor. */
export function assertView(
  shape: readonly number[],
  offset: number,
  viewed: readonly number[],
): void {
  assertShape(viewed);
  const end = offset + sizeOf(viewed);
  if (Number.isInteger(offset) && offset >= 0 && end <= sizeOf(shape)) return;
  throw new RangeError(
    `Cannot view elements ${offset} to ${end} of a tensor of ` +
      `${sizeOf(shape)} elements`,
  );
}

/** Dimensions of `ops.embedding`, its arguments checked. */
export function embeddingDimensions(
  { ids, weight, output }: Embedding,
): { T: number; B: number; O: number; V: number } {
  const [T, B] = rank("embedding", "ids", ids, 2);
  const [O, V] = rank("embedding", "weight", weight, 2);
  expect("embedding", "output", output, [T, B, O]);
  return { T, B, O, V };
}

/** Dimensions of `ops.embeddingBackward`, its arguments checked. */
export function embeddingBackwardDimensions(
  { ids, dOutput, dWeight }: EmbeddingBackward,
): { T: number; B: number; O: number; V: number } {
  const [T, B] = rank("embeddingBackward", "ids", ids, 2);
  const [O, V] = rank("embeddingBackward", "dWeight", dWeight, 2);
  expect("embeddingBackward", "dOutput", dOutput, [T, B, O]);
  return { T, B, O, V };
}

/** Dimensions of `ops.linear`, its arguments checked; `rows` counts the `…` of `(…, I)`. */
export function linearDimensions(
  { input, weight, bias, output }: Linear,
): { rows: number; I: number; O: number } {
  const [O, I] = rank("linear", "weight", weight, 2);
  const leading = input.shape.slice(0, -1);
  expect("linear", "input", input, [...leading, I]);
  expect("linear", "output", output, [...leading, O]);
  if (bias) expect("linear", "bias", bias, [O]);
  return { rows: sizeOf(leading), I, O };
}

/** Dimensions of `ops.linearBackward`, its arguments checked. */
export function linearBackwardDimensions(
  { input, weight, dOutput, dInput, dWeight, dBias }: LinearBackward,
): { rows: number; I: number; O: number } {
  const [O, I] = rank("linearBackward", "weight", weight, 2);
  const leading = input.shape.slice(0, -1);
  expect("linearBackward", "input", input, [...leading, I]);
  expect("linearBackward", "dOutput", dOutput, [...leading, O]);
  if (dInput) expect("linearBackward", "dInput", dInput, [...leading, I]);
  expect("linearBackward", "dWeight", dWeight, [O, I]);
  if (dBias) expect("linearBackward", "dBias", dBias, [O]);
  return { rows: sizeOf(leading), I, O };
}

/** Dimensions of `ops.rnn`, its arguments checked. */
export function rnnDimensions(
  { input, weight, bias, initialState, output }: Rnn,
): { T: number; B: number; H: number } {
  const [T, B, H] = rank("rnn", "input", input, 3);
  expect("rnn", "weight", weight, [H, H]);
  expect("rnn", "bias", bias, [H]);
  expect("rnn", "initialState", initialState, [B, H]);
  expect("rnn", "output", output, [T, B, H]);
  return { T, B, H };
}

/** Dimensions of `ops.rnnBackward`, its arguments checked. */
export function rnnBackwardDimensions(
  { weight, initialState, output, dOutput, dInput, dWeight, dBias }:
    RnnBackward,
): { T: number; B: number; H: number } {
  const [T, B, H] = rank("rnnBackward", "output", output, 3);
  expect("rnnBackward", "weight", weight, [H, H]);
  expect("rnnBackward", "initialState", initialState, [B, H]);
  expect("rnnBackward", "dOutput", dOutput, [T, B, H]);
  expect("rnnBackward", "dInput", dInput, [T, B, H]);
  expect("rnnBackward", "dWeight", dWeight, [H, H]);
  expect("rnnBackward", "dBias", dBias, [H]);
  return { T, B, H };
}

/** Dimensions of `ops.softmaxCrossEntropy`, its arguments checked. */
export function softmaxCrossEntropyDimensions(
  { logits, targets, loss, dLogits }: SoftmaxCrossEntropy,
): { T: number; B: number; V: number } {
  const [T, B, V] = rank("softmaxCrossEntropy", "logits", logits, 3);
  expect("softmaxCrossEntropy", "targets", targets, [T, B]);
  expect("softmaxCrossEntropy", "loss", loss, []);
  if (dLogits) expect("softmaxCrossEntropy", "dLogits", dLogits, [T, B, V]);
  return { T, B, V };
}

/** Number of parameters `P` of `ops.globalNorm`, its arguments checked. */
export function globalNormDimensions({ gradients, norm }: GlobalNorm): number {
  const [P] = rank("globalNorm", "gradients", gradients, 1);
  expect("globalNorm", "norm", norm, []);
  return P;
}

/** Number of parameters `P` of `ops.update`, its arguments checked. */
export function updateDimensions(
  { parameters, gradients, norm }: Update,
): number {
  const [P] = rank("update", "parameters", parameters, 1);
  expect("update", "gradients", gradients, [P]);
  expect("update", "norm", norm, []);
  return P;
}

/** Number of elements of `ops.copy`, its arguments checked. */
export function copyDimensions({ source, destination }: Copy): number {
  const size = sizeOf(source.shape);
  if (
    size !== sizeOf(destination.shape) || source.dtype !== destination.dtype
  ) {
    throw new RangeError(
      `copy: destination is ${describe(destination)}, ` +
        `expected ${size} elements of ${source.dtype} as in the source`,
    );
  }
  return size;
}

/** Dimensions of `ops.sample`, its arguments checked. */
export function sampleDimensions(
  { logits, tokens }: Sample,
): { B: number; V: number } {
  const [B, V] = rank("sample", "logits", logits, 2);
  expect("sample", "tokens", tokens, [B]);
  return { B, V };
}

function rank(
  op: string,
  argument: string,
  tensor: Tensor,
  rank: number,
): readonly number[] {
  if (tensor.shape.length === rank) return tensor.shape;
  throw new RangeError(
    `${op}: ${argument} is ${describe(tensor)}, expected ${rank} dimensions`,
  );
}

function expect(
  op: string,
  argument: string,
  tensor: Tensor,
  shape: readonly number[],
): void {
  if (
    tensor.shape.length === shape.length &&
    tensor.shape.every((extent, i) => extent === shape[i])
  ) return;
  throw new RangeError(
    `${op}: ${argument} is ${describe(tensor)}, expected (${shape.join(", ")})`,
  );
}

function describe(tensor: Tensor): string {
  return `${tensor.dtype} (${tensor.shape.join(", ")})`;
}
