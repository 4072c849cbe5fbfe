/**
 * Optimizers: how parameters are updated from their gradients.
 *
 * @module
 */

import { Allocation } from "../backend/allocation.ts";
import type { Backend, Tensor } from "../backend/backend.ts";
import type { UpdateRule } from "../backend/ops.ts";

/** Settings of an optimizer, except the learning rate, which comes from a schedule. */
export interface OptimizerSettings {
  /** By what rule. */
  readonly optimizer: UpdateRule;
  /** From 0 on; for adamw apart from the gradient, else added to it. */
  readonly weightDecay: number;
  /** Global norm that gradients are scaled down to; 0: they are not. */
  readonly clipNorm: number;
  /** Greatest absolute value of a gradient, after the norm; 0: any. */
  readonly clipValue: number;
}

/** Every moment that an optimizer can keep, by its name in PyTorch's optimizers. */
export const MOMENT_NAMES = [
  "momentum_buffer",
  "exp_avg",
  "exp_avg_sq",
  "square_avg",
] as const;

/** Name of a moment in PyTorch's optimizers. */
export type MomentName = typeof MOMENT_NAMES[number];

/** The moments by PyTorch's names, each `(P)`. */
export type Moments = ReadonlyMap<MomentName, Float32Array | Float64Array>;

/** Constants of an update rule: PyTorch's defaults, momentum's as is usual. */
export interface OptimizerConstants {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/** What training knows of each optimizer. */
export const OPTIMIZERS: Readonly<
  Record<UpdateRule, {
    /** The learning rate unless it is given: the chapter's, or usual. */
    readonly learningRate: number;
    readonly constants: OptimizerConstants;
    /** PyTorch's names of the moments that it keeps. */
    readonly first?: MomentName;
    readonly second?: MomentName;
  }>
> = {
  sgd: {
    learningRate: 1,
    constants: { beta1: 0, beta2: 0, epsilon: 0 },
  },
  momentum: {
    learningRate: 0.1,
    constants: { beta1: 0.9, beta2: 0, epsilon: 0 },
    first: "momentum_buffer",
  },
  adam: {
    learningRate: 0.002,
    constants: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    first: "exp_avg",
    second: "exp_avg_sq",
  },
  adamw: {
    learningRate: 0.002,
    constants: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    first: "exp_avg",
    second: "exp_avg_sq",
  },
  rmsprop: {
    learningRate: 0.002,
    constants: { beta1: 0, beta2: 0.99, epsilon: 1e-8 },
    second: "square_avg",
  },
};

/** Every optimizer by its name. */
export const OPTIMIZER_NAMES: readonly UpdateRule[] = Object.keys(
  OPTIMIZERS,
) as UpdateRule[];

/**
 * An optimizer of the parameters of one model, on the model's backend.
 *
 * @example
 * ```ts
 * import { openReference } from "../backend/reference/reference_backend.ts";
 * import { Optimizer } from "./optimizer.ts";
 *
 * using backend = openReference();
 * const parameters = backend.allocate([3]), gradients = backend.allocate([3]);
 * backend.write(gradients, [1, -2, 2]);
 * using optimizer = new Optimizer(backend, { parameters, gradients }, {
 *   optimizer: "sgd",
 *   weightDecay: 0,
 *   clipNorm: 1,
 *   clipValue: 0,
 * });
 * const norm = backend.allocate([]);
 * optimizer.update(norm, { learningRate: 3, updates: 1 });
 * console.assert((await backend.read(norm))[0] === 3);
 * console.assert((await backend.read(parameters))[1] === 2);
 * ```
 */
export class Optimizer implements Disposable {
  readonly #backend: Backend;
  readonly #settings: OptimizerSettings;
  readonly #constants: OptimizerConstants;
  readonly #parameters: Tensor; // (P)
  readonly #gradients: Tensor; // (P)
  readonly #allocation: Allocation;
  readonly #first?: Tensor; // (P)
  readonly #second?: Tensor; // (P)

  /** Its moments are zero until `write`. */
  constructor(
    backend: Backend,
    { parameters, gradients }: {
      readonly parameters: Tensor;
      readonly gradients: Tensor;
    },
    settings: OptimizerSettings,
    constants: OptimizerConstants = OPTIMIZERS[settings.optimizer].constants,
  ) {
    this.#backend = backend;
    this.#settings = settings;
    this.#constants = constants;
    this.#parameters = parameters;
    this.#gradients = gradients;
    this.#allocation = new Allocation(backend);
    const { first, second } = OPTIMIZERS[settings.optimizer];
    if (first) this.#first = this.#allocation.tensor(parameters.shape);
    if (second) this.#second = this.#allocation.tensor(parameters.shape);
  }

  /**
   * Updates the parameters by their gradients; the scalar `norm` gets the global norm
   * of these.
   *
   * @param updates How many updates there are with this one, from 1 on: Adam's moments
   * are corrected by it.
   */
  update(
    norm: Tensor,
    { learningRate, updates }: {
      readonly learningRate: number;
      readonly updates: number;
    },
  ): void {
    const { ops } = this.#backend;
    const { optimizer: rule, weightDecay, clipNorm, clipValue } =
      this.#settings;
    const { beta1, beta2 } = this.#constants;
    ops.finish({
      rule,
      parameters: this.#parameters,
      gradients: this.#gradients,
      norm,
      firstMoment: this.#first,
      secondMoment: this.#second,
      weightDecay,
      clipNorm,
      clipValue,
      ...this.#constants,
      learningRate,
      correction1: 1 - beta1 ** updates,
      correction2: 1 - beta2 ** updates,
    });
  }

  /** The moments' tensors. */
  get moments(): readonly Tensor[] {
    return this.#moments().map(([, tensor]) => tensor);
  }

  /**
   * The moments in memory.
   *
   * @param from Copies of {@linkcode moments}, to read in their place.
   */
  async read(from: readonly Tensor[] = this.moments): Promise<Moments> {
    const entries = this.#moments().map(async ([name], i) => {
      const values = await this.#backend.read(from[i]);
      return [name, values as Float32Array | Float64Array] as const;
    });
    return new Map(await Promise.all(entries));
  }

  /**
   * Replaces the moments.
   *
   * @throws {RangeError} If one is missing or has another size.
   */
  write(moments: Moments): void {
    for (const [name, tensor] of this.#moments()) {
      this.#backend.write(tensor, moments.get(name) ?? []);
    }
  }

  /** Frees the moments. */
  [Symbol.dispose](): void {
    this.#allocation[Symbol.dispose]();
  }

  #moments(): [MomentName, Tensor][] {
    const { first, second } = OPTIMIZERS[this.#settings.optimizer];
    const moments: [MomentName, Tensor][] = [];
    if (first) moments.push([first, this.#first!]);
    if (second) moments.push([second, this.#second!]);
    return moments;
  }
}
