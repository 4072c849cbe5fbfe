/**
 * The one ordered list of a model's parameters: names, shapes, initial values.
 *
 * @module
 */

import { InputError } from "../input_error.ts";
import { sizeOf } from "../backend/shapes.ts";
import { randomNormal, randomUniform } from "../random.ts";
import { assertRecord, filledIn, type SettingsOf } from "../setting.ts";
import { CELL_NAMES, CELLS } from "./cells.ts";
import { assertConfig, type ModelConfig } from "./config.ts";

/** A trainable parameter and its position in the flat tensor of all parameters. */
export interface ParameterSpec {
  /** PyTorch's name: `rnn.weight_ih_l0`, …, `linear.bias`. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly kind: "embedding" | "weight" | "bias";
  /** First element in the flat tensor. */
  readonly offset: number;
}

/** Values of a model's parameters by name, each row-major. */
export type Parameters = ReadonlyMap<string, Float32Array | Float64Array>;

/** Every distribution that initial weights can be drawn from. */
export const INITIALIZATIONS = ["normal", "uniform"] as const;

/** Name of the distribution that the initial weights are drawn from. */
export type Initialization = typeof INITIALIZATIONS[number];

/** Every parameter starts at a multiple of this, so that a GPU can bind it (256 bytes). */
const ALIGNMENT = 64;

/**
 * The parameters of a model in order, with their places in one flat tensor.
 *
 * A layer holds one bias for each gate, PyTorch's `bias_ih`: there the second,
 * `bias_hh`, is added to the first and would have the same gradient. Only the new
 * gate of a GRU has both; its `bias_hh` here is that part alone, `(H)`.
 *
 * @example
 * ```ts
 * import { parameterSpecs } from "./parameters.ts";
 *
 * const specs = parameterSpecs({
 *   cell: "gru",
 *   vocabularySize: 28,
 *   hiddenSize: 256,
 *   numLayers: 1,
 * });
 * console.assert(specs[0].name === "rnn.weight_ih_l0");
 * console.assert(specs[0].shape.join() === "768,28");
 * ```
 */
export function parameterSpecs(config: ModelConfig): ParameterSpec[] {
  assertConfig(config);
  const { vocabularySize: V, hiddenSize: H, numLayers: L } = config;
  const { gates: G, hiddenBias } = CELLS[config.cell];
  const E = config.embeddingSize ?? 0;
  const specs: ParameterSpec[] = [];
  let end = 0;
  const add = (
    name: string,
    kind: ParameterSpec["kind"],
    shape: readonly number[],
  ) => {
    const offset = Math.ceil(end / ALIGNMENT) * ALIGNMENT;
    specs.push({ name, shape, kind, offset });
    end = offset + sizeOf(shape);
  };
  if (E > 0) add("embedding.weight", "embedding", [V, E]);
  for (let layer = 0; layer < L; layer++) {
    const I = layer > 0 ? H : E || V;
    add(`rnn.weight_ih_l${layer}`, "weight", [G * H, I]);
    add(`rnn.weight_hh_l${layer}`, "weight", [G * H, H]);
    add(`rnn.bias_ih_l${layer}`, "bias", [G * H]);
    if (hiddenBias) add(`rnn.bias_hh_l${layer}`, "bias", [H]);
  }
  add("linear.weight", "weight", [V, H]);
  add("linear.bias", "bias", [V]);
  return specs;
}

/** Elements of the flat tensor; the gaps between parameters stay zero. */
export function flatSize(specs: readonly ParameterSpec[]): number {
  const last = specs[specs.length - 1];
  return last.offset + sizeOf(last.shape);
}

/**
 * Number of trainable parameters.
 *
 * @throws {RangeError} If no model can be built from the config.
 *
 * @example
 * ```ts
 * import { parameterCount } from "./parameters.ts";
 *
 * const count = parameterCount({
 *   cell: "rnn",
 *   vocabularySize: 28,
 *   hiddenSize: 512,
 *   numLayers: 1,
 * });
 * console.assert(count === 512 * (28 + 512 + 1) + 28 * (512 + 1));
 * ```
 */
export function parameterCount(config: ModelConfig): number {
  return parameterSpecs(config).reduce((n, { shape }) => n + sizeOf(shape), 0);
}

/** Settings of {@linkcode initializeParameters}. */
export interface InitializationOptions {
  /** A whole number of at least 0; the same seed gives the same parameters. */
  readonly seed: number;
  /**
   * `normal`, the default: weights from N(0, sigma²), biases zero, as in d2l 8.5.2.
   * `uniform`: everything from −1/√H to 1/√H, and embeddings from N(0, 1), as in
   * PyTorch.
   */
  readonly init?: Initialization;
  /** Standard deviation of `normal`, at least 0. Default 0.01. */
  readonly sigma?: number;
  /** Added to the bias of the forget gate of an LSTM. Default 0. */
  readonly forgetBias?: number;
}

/** How initial parameters are drawn, as recorded for a training. */
export const INITIALIZATION_SETTINGS: SettingsOf<
  Required<Omit<InitializationOptions, "seed">>
> = {
  init: {
    kind: "choice",
    choices: INITIALIZATIONS,
    name: "initialization",
    help: "initial weights: normal with standard deviation sigma, or " +
      "uniform as in PyTorch",
    default: "normal",
  },
  sigma: {
    kind: "number",
    least: 0,
    name: "sigma",
    help: "standard deviation of normal initial weights",
    default: 0.01,
    onlyWith: { init: ["normal"] },
  },
  forgetBias: {
    kind: "number",
    least: -Infinity,
    name: "forget bias",
    help: "added to the initial bias of the forget gate of an LSTM",
    default: 0,
    onlyWith: {
      cell: CELL_NAMES.filter((name) => CELLS[name].forgetGate !== undefined),
    },
  },
};

/**
 * Initial parameters, in float32.
 *
 * Source: d2l 8.5.2, `get_params`; PyTorch's `nn.RNN`, `nn.Linear`, `nn.Embedding`.
 *
 * @throws {RangeError} If a setting is out of its range.
 *
 * @example
 * ```ts
 * import { initializeParameters } from "./parameters.ts";
 *
 * const parameters = initializeParameters({
 *   cell: "rnn",
 *   vocabularySize: 28,
 *   hiddenSize: 4,
 *   numLayers: 1,
 * }, { seed: 1, sigma: 0.01 });
 * console.assert(parameters.get("linear.bias")!.every((b) => b === 0));
 * ```
 */
export function initializeParameters(
  config: ModelConfig,
  options: InitializationOptions,
): Parameters {
  const settings = filledIn(INITIALIZATION_SETTINGS, options);
  assertRecord(
    INITIALIZATION_SETTINGS,
    settings,
    (name) => `Cannot draw weights with ${name}`,
  );
  const { init, sigma, forgetBias } = settings;
  const H = config.hiddenSize;
  const { forgetGate } = CELLS[config.cell];
  return new Map(
    parameterSpecs(config).map(({ name, shape, kind }, item) => {
      const size = sizeOf(shape);
      const place = { stream: "parameters", item } as const;
      const values = DRAWS[init](kind, {
        normal: (deviation) =>
          Float32Array.from(
            randomNormal(options.seed, place, size),
            (x) => x * deviation,
          ),
        uniform: () =>
          Float32Array.from(
            randomUniform(options.seed, place, size),
            (u) => (2 * u - 1) / Math.sqrt(H),
          ),
        zeros: () => new Float32Array(size),
      }, sigma);
      if (forgetGate !== undefined && name.startsWith("rnn.bias_ih")) {
        for (let h = 0; h < H; h++) values[forgetGate * H + h] += forgetBias;
      }
      return [name, values];
    }),
  );
}

/** The ways to draw the values of one parameter. */
interface Draw {
  /** From N(0, deviation²). */
  normal(deviation: number): Float32Array;
  /** From −1/√H to 1/√H. */
  uniform(): Float32Array;
  zeros(): Float32Array;
}

/** The initial values of a parameter of a kind: see {@linkcode InitializationOptions}. */
const DRAWS: Readonly<
  Record<
    Initialization,
    (kind: ParameterSpec["kind"], draw: Draw, sigma: number) => Float32Array
  >
> = {
  normal: (kind, draw, sigma) =>
    kind === "bias" ? draw.zeros() : draw.normal(sigma),
  uniform: (kind, draw) =>
    kind === "embedding" ? draw.normal(1) : draw.uniform(),
};

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
      throw new InputError(
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
