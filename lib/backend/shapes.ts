/**
 * Shapes of tensors and of the arguments of every op, checked the same way on
 * every backend.
 *
 * @module
 */

import type {
  Carry,
  Copy,
  Dropout,
  Embedding,
  EmbeddingBackward,
  GlobalNorm,
  Gru,
  GruBackward,
  Linear,
  LinearBackward,
  Lstm,
  LstmBackward,
  OneHotLinear,
  OneHotLinearBackward,
  Rnn,
  RnnBackward,
  Sample,
  SoftmaxCrossEntropy,
  Tensor,
  Update,
  UpdateRule,
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

/** Dimensions of `ops.oneHotLinear`, its arguments checked. */
export function oneHotLinearDimensions(
  { ids, weight, output }: OneHotLinear,
): { T: number; B: number; O: number; V: number } {
  const [T, B] = rank("oneHotLinear", "ids", ids, 2);
  const [O, V] = rank("oneHotLinear", "weight", weight, 2);
  expect("oneHotLinear", "output", output, [T, B, O]);
  return { T, B, O, V };
}

/** Dimensions of `ops.oneHotLinearBackward`, its arguments checked. */
export function oneHotLinearBackwardDimensions(
  { ids, dOutput, dWeight }: OneHotLinearBackward,
): { T: number; B: number; O: number; V: number } {
  const [T, B] = rank("oneHotLinearBackward", "ids", ids, 2);
  const [O, V] = rank("oneHotLinearBackward", "dWeight", dWeight, 2);
  expect("oneHotLinearBackward", "dOutput", dOutput, [T, B, O]);
  return { T, B, O, V };
}

/** Dimensions of `ops.embedding`, its arguments checked. */
export function embeddingDimensions(
  { ids, table, output }: Embedding,
): { T: number; B: number; V: number; E: number } {
  const [T, B] = rank("embedding", "ids", ids, 2);
  const [V, E] = rank("embedding", "table", table, 2);
  expect("embedding", "output", output, [T, B, E]);
  return { T, B, V, E };
}

/** Dimensions of `ops.embeddingBackward`, its arguments checked. */
export function embeddingBackwardDimensions(
  { ids, dOutput, dTable }: EmbeddingBackward,
): { T: number; B: number; V: number; E: number } {
  const [T, B] = rank("embeddingBackward", "ids", ids, 2);
  const [V, E] = rank("embeddingBackward", "dTable", dTable, 2);
  expect("embeddingBackward", "dOutput", dOutput, [T, B, E]);
  return { T, B, V, E };
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

/** Dimensions of `ops.gru`, its arguments checked. */
export function gruDimensions(
  { input, weight, bias, hiddenBias, initialState, output, gates }: Gru,
): { T: number; B: number; H: number } {
  const [T, B, H] = rank("gru", "output", output, 3);
  expect("gru", "input", input, [T, B, 3 * H]);
  expect("gru", "weight", weight, [3 * H, H]);
  expect("gru", "bias", bias, [3 * H]);
  expect("gru", "hiddenBias", hiddenBias, [H]);
  expect("gru", "initialState", initialState, [B, H]);
  expect("gru", "gates", gates, [T, B, 4 * H]);
  return { T, B, H };
}

/** Dimensions of `ops.gruBackward`, its arguments checked. */
export function gruBackwardDimensions(
  x: GruBackward,
): { T: number; B: number; H: number } {
  const [T, B, H] = rank("gruBackward", "output", x.output, 3);
  expect("gruBackward", "weight", x.weight, [3 * H, H]);
  expect("gruBackward", "initialState", x.initialState, [B, H]);
  expect("gruBackward", "gates", x.gates, [T, B, 4 * H]);
  expect("gruBackward", "dOutput", x.dOutput, [T, B, H]);
  expect("gruBackward", "dInput", x.dInput, [T, B, 3 * H]);
  expect("gruBackward", "dWeight", x.dWeight, [3 * H, H]);
  expect("gruBackward", "dBias", x.dBias, [3 * H]);
  expect("gruBackward", "dHiddenBias", x.dHiddenBias, [H]);
  return { T, B, H };
}

/** Dimensions of `ops.lstm`, its arguments checked. */
export function lstmDimensions(
  { input, weight, bias, initialState, initialCell, output, cells, gates }:
    Lstm,
): { T: number; B: number; H: number } {
  const [T, B, H] = rank("lstm", "output", output, 3);
  expect("lstm", "input", input, [T, B, 4 * H]);
  expect("lstm", "weight", weight, [4 * H, H]);
  expect("lstm", "bias", bias, [4 * H]);
  expect("lstm", "initialState", initialState, [B, H]);
  expect("lstm", "initialCell", initialCell, [B, H]);
  expect("lstm", "cells", cells, [T, B, H]);
  expect("lstm", "gates", gates, [T, B, 4 * H]);
  return { T, B, H };
}

/** Dimensions of `ops.lstmBackward`, its arguments checked. */
export function lstmBackwardDimensions(
  x: LstmBackward,
): { T: number; B: number; H: number } {
  const [T, B, H] = rank("lstmBackward", "output", x.output, 3);
  expect("lstmBackward", "weight", x.weight, [4 * H, H]);
  expect("lstmBackward", "initialState", x.initialState, [B, H]);
  expect("lstmBackward", "initialCell", x.initialCell, [B, H]);
  expect("lstmBackward", "cells", x.cells, [T, B, H]);
  expect("lstmBackward", "gates", x.gates, [T, B, 4 * H]);
  expect("lstmBackward", "dOutput", x.dOutput, [T, B, H]);
  expect("lstmBackward", "dInput", x.dInput, [T, B, 4 * H]);
  expect("lstmBackward", "dWeight", x.dWeight, [4 * H, H]);
  expect("lstmBackward", "dBias", x.dBias, [4 * H]);
  return { T, B, H };
}

/** Number of elements of `ops.dropout`, its arguments checked. */
export function dropoutDimensions({ input, output, rate }: Dropout): number {
  expect("dropout", "output", output, input.shape);
  if (!(rate >= 0 && rate < 1)) {
    throw new RangeError(
      `dropout: rate is ${rate}, expected a number from 0 to below 1`,
    );
  }
  return sizeOf(input.shape);
}

/** Dimensions of `ops.softmaxCrossEntropy`, its arguments checked. */
export function softmaxCrossEntropyDimensions(
  { logits, targets, loss, losses, dLogits }: SoftmaxCrossEntropy,
): { T: number; B: number; V: number } {
  const [T, B, V] = rank("softmaxCrossEntropy", "logits", logits, 3);
  expect("softmaxCrossEntropy", "targets", targets, [T, B]);
  expect("softmaxCrossEntropy", "loss", loss, []);
  if (losses) expect("softmaxCrossEntropy", "losses", losses, [T, B]);
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
  { rule = "sgd", parameters, gradients, norm, firstMoment, secondMoment }:
    Update,
): number {
  const [P] = rank("update", "parameters", parameters, 1);
  expect("update", "gradients", gradients, [P]);
  expect("update", "norm", norm, []);
  const { first, second } = MOMENTS[rule];
  if (first) expect("update", "firstMoment", firstMoment, [P]);
  if (second) expect("update", "secondMoment", secondMoment, [P]);
  return P;
}

/** The numbers of `ops.update`, its defaults filled in. */
export function updateSettings(x: Update): UpdateSettings {
  return {
    rule: x.rule ?? "sgd",
    learningRate: x.learningRate,
    clipNorm: x.clipNorm,
    clipValue: x.clipValue ?? 0,
    weightDecay: x.weightDecay ?? 0,
    beta1: x.beta1 ?? 0,
    beta2: x.beta2 ?? 0,
    epsilon: x.epsilon ?? 0,
    correction1: x.correction1 ?? 1,
    correction2: x.correction2 ?? 1,
  };
}

/** The arguments of `ops.update` that are no tensors. */
export type UpdateSettings = Required<
  Omit<
    Update,
    "parameters" | "gradients" | "norm" | "firstMoment" | "secondMoment"
  >
>;

/** Which moments a rule keeps from step to step. */
export const MOMENTS: Readonly<
  Record<UpdateRule, { readonly first: boolean; readonly second: boolean }>
> = {
  sgd: { first: false, second: false },
  momentum: { first: true, second: false },
  adam: { first: true, second: true },
  adamw: { first: true, second: true },
  rmsprop: { first: false, second: true },
};

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

/** Number of elements of `ops.carry`, its arguments checked. */
export function carryDimensions({ source, destination, norm }: Carry): number {
  expect("carry", "norm", norm, []);
  const size = sizeOf(source.shape);
  if (size === sizeOf(destination.shape)) return size;
  throw new RangeError(
    `carry: destination is ${describe(destination)}, ` +
      `expected ${size} elements as in the source`,
  );
}

/** Dimensions of `ops.sample`, its arguments checked. */
export function sampleDimensions(
  x: Sample,
): { B: number; V: number } {
  const [B, V] = rank("sample", "logits", x.logits, 2);
  expect("sample", "tokens", x.tokens, [B]);
  if (x.uniforms) expect("sample", "uniforms", x.uniforms, [B]);
  if (x.seen) expect("sample", "seen", x.seen, [B, V]);
  if (x.logProbabilities) {
    expect("sample", "logProbabilities", x.logProbabilities, [B]);
  }
  const { firstId = 0 } = x;
  if (!Number.isInteger(firstId) || firstId < 0 || firstId >= V) {
    throw new RangeError(
      `sample: firstId is ${firstId}, ` +
        `expected a whole number from 0 to ${V - 1}`,
    );
  }
  return { B, V };
}

/** Bound of the numbers that logits are divided by: float32 has it and its inverse. */
const GREATEST_DIVISOR = 2 ** 100;

/** The numbers of `ops.sample`, its defaults filled in, as float32 can take them. */
export function sampleSettings(x: Sample): SampleSettings {
  const { firstId = 0, topK = 0 } = x;
  const candidates = x.logits.shape[1] - firstId;
  const within = (divisor: number) =>
    Math.min(Math.max(divisor, 1 / GREATEST_DIVISOR), GREATEST_DIVISOR);
  return {
    firstId,
    temperature: within(x.temperature ?? 1),
    topK: topK < candidates ? topK : 0, // a greater one is more than a u32 holds
    topP: x.topP ?? 1,
    repetitionPenalty: within(x.repetitionPenalty ?? 1),
  };
}

/** The arguments of `ops.sample` that are no tensors. */
export type SampleSettings = Required<
  Pick<
    Sample,
    "firstId" | "temperature" | "topK" | "topP" | "repetitionPenalty"
  >
>;

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
  tensor: Tensor | undefined,
  shape: readonly number[],
): void {
  if (
    tensor &&
    tensor.shape.length === shape.length &&
    tensor.shape.every((extent, i) => extent === shape[i])
  ) return;
  throw new RangeError(
    `${op}: ${argument} is ${describe(tensor)}, expected (${shape.join(", ")})`,
  );
}

function describe(tensor: Tensor | undefined): string {
  if (!tensor) return "missing";
  return `${tensor.dtype} (${tensor.shape.join(", ")})`;
}
