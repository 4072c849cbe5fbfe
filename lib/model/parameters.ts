/**
 * The one ordered list of a model's parameters: names, shapes, initial values.
 *
 * @module
 */

import { sizeOf } from "../backend/shapes.ts";
import { randomNormal } from "../random.ts";
import { assertConfig, type ModelConfig } from "./config.ts";

/** A trainable parameter and its place in the flat tensor of all of them. */
export interface ParameterSpec {
  /** PyTorch's name: `rnn.weight_ih_l0`, …, `linear.bias`. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly initial: "normal" | "zeros";
  /** First element in the flat tensor. */
  readonly offset: number;
}

/** Values of a model's parameters by name, each row-major. */
export type Parameters = ReadonlyMap<string, Float32Array | Float64Array>;

/** Every parameter starts at a multiple of this, so that a GPU can bind it (256 bytes). */
const ALIGNMENT = 64;

/**
 * The parameters of a model in order, with their places in one flat tensor.
 *
 * A vanilla recurrent layer holds one bias, PyTorch's `bias_ih`; there the second,
 * `bias_hh`, is added to the first and would have the same gradient.
 *
 * @example
 * ```ts
 * import { parameterSpecs } from "./parameters.ts";
 *
 * const specs = parameterSpecs({
 *   cell: "rnn",
 *   activation: "tanh",
 *   vocabularySize: 28,
 *   hiddenSize: 512,
 *   numLayers: 1,
 * });
 * console.assert(specs[0].name === "rnn.weight_ih_l0");
 * console.assert(specs[0].shape.join() === "512,28");
 * ```
 */
export function parameterSpecs(config: ModelConfig): ParameterSpec[] {
  assertConfig(config);
  const { vocabularySize: V, hiddenSize: H, numLayers: L } = config;
  const specs: ParameterSpec[] = [];
  let end = 0;
  const add = (
    name: string,
    initial: ParameterSpec["initial"],
    shape: readonly number[],
  ) => {
    const offset = Math.ceil(end / ALIGNMENT) * ALIGNMENT;
    specs.push({ name, shape, initial, offset });
    end = offset + sizeOf(shape);
  };
  for (let layer = 0; layer < L; layer++) {
    add(`rnn.weight_ih_l${layer}`, "normal", [H, layer === 0 ? V : H]);
    add(`rnn.weight_hh_l${layer}`, "normal", [H, H]);
    add(`rnn.bias_ih_l${layer}`, "zeros", [H]);
  }
  add("linear.weight", "normal", [V, H]);
  add("linear.bias", "zeros", [V]);
  return specs;
}

/** Elements of the flat tensor; the gaps between parameters stay zero. */
export function flatSize(specs: readonly ParameterSpec[]): number {
  const last = specs[specs.length - 1];
  return last.offset + sizeOf(last.shape);
}

/** Number of trainable parameters. */
export function parameterCount(config: ModelConfig): number {
  return parameterSpecs(config).reduce((n, { shape }) => n + sizeOf(shape), 0);
}

/**
 * Initial parameters: weights from N(0, sigma²), biases zero, in float32.
 *
 * Source: d2l 8.5.2, `get_params`.
 *
 * @param seed Whole number from 0; the same seed gives the same parameters.
 * @param sigma Standard deviation of the weights, from 0 on.
 *
 * @example
 * ```ts
 * import { initializeParameters } from "./parameters.ts";
 *
 * const parameters = initializeParameters({
 *   cell: "rnn",
 *   activation: "tanh",
 *   vocabularySize: 28,
 *   hiddenSize: 4,
 *   numLayers: 1,
 * }, { seed: 1, sigma: 0.01 });
 * console.assert(parameters.get("linear.bias")!.every((b) => b === 0));
 * ```
 */
export function initializeParameters(
  config: ModelConfig,
  { seed, sigma }: { readonly seed: number; readonly sigma: number },
): Parameters {
  if (!(Number.isFinite(sigma) && sigma >= 0)) {
    throw new RangeError(
      `Cannot draw weights with sigma ${sigma}: expected a number from 0 on`,
    );
  }
  return new Map(
    parameterSpecs(config).map(({ name, shape, initial }, step) => {
      const size = sizeOf(shape);
      if (initial === "zeros") return [name, new Float32Array(size)];
      const draws = randomNormal(seed, { stream: "parameters", step }, size);
      return [name, Float32Array.from(draws, (x) => x * sigma)];
    }),
  );
}

/**
 * Lays parameters out as one flat array.
 *
 * @throws {RangeError} If a parameter is missing or has the wrong size.
 */
export function flatten(
  specs: readonly ParameterSpec[],
  parameters: Parameters,
): Float64Array {
  const flat = new Float64Array(flatSize(specs));
  for (const { name, shape, offset } of specs) {
    const values = parameters.get(name);
    if (values?.length !== sizeOf(shape)) {
      throw new RangeError(
        `The parameter ${name} has ${values?.length ?? "no"} values, ` +
          `expected ${sizeOf(shape)} for the shape (${shape.join(", ")})`,
      );
    }
    flat.set(values, offset);
  }
  return flat;
}

/** Takes the flat array apart again: copies, by name. */
export function unflatten(
  specs: readonly ParameterSpec[],
  flat: Float32Array | Float64Array,
): Parameters {
  return new Map(
    specs.map(({ name, shape, offset }) => [
      name,
      flat.slice(offset, offset + sizeOf(shape)),
    ]),
  );
}
