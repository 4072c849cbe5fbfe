/**
 * The recurrent language model of d2l 8.5 in terms of a backend's ops.
 *
 * @module
 */

import { Allocation } from "../backend/allocation.ts";
import type { Backend, Tensor } from "../backend/backend.ts";
import type { ModelConfig } from "./config.ts";
import {
  flatSize,
  flatten,
  type Parameters,
  type ParameterSpec,
  parameterSpecs,
  unflatten,
} from "./parameters.ts";

/** How large the minibatches are, and whether gradients are wanted. */
export interface LanguageModelOptions {
  /** B. */
  readonly batchSize: number;
  /** The most steps that a minibatch may have. */
  /** T. */
  readonly numSteps: number;
  /** Holds gradients, and so can be trained. Default false. */
  readonly trains?: boolean;
}

/** Tensors of one layer: what came in, the states, and their gradients. */
interface Layer {
  readonly weightIh: ParameterTensors;
  readonly weightHh: ParameterTensors;
  readonly bias: ParameterTensors;
  /** `(B, H)`, before the first step. */
  readonly state: Tensor;
  /** `(T, B, H)`, the input's share of the sum. */
  readonly input: Tensor;
  /** `(T, B, H)`, the hidden states. */
  readonly output: Tensor;
  /** `(T, B, H)`. */
  readonly dInput?: Tensor;
  /** `(T, B, H)`. */
  readonly dOutput?: Tensor;
}

/** A parameter and its gradient, both views of flat tensors. */
interface ParameterTensors {
  readonly value: Tensor;
  readonly gradient?: Tensor;
}

/**
 * A model on a backend. With `X_t` the one-hot rows of a step's token ids:
 *
 *     H_t = f(X_t W_xh + H_{t-1} W_hh + b_h)      one layer, or several stacked
 *     Z_t = H_t W_hq + b_q                        the logits
 *
 * Source: d2l 8.4.2 and 8.5.2. The state is carried from one minibatch to the
 * next until `resetState`; no gradient flows back through it.
 *
 * @example
 * ```ts
 * import { openReference } from "../backend/reference/reference_backend.ts";
 * import type { ModelConfig } from "./config.ts";
 * import { LanguageModel } from "./language_model.ts";
 * import { initializeParameters } from "./parameters.ts";
 *
 * const config: ModelConfig = {
 *   cell: "rnn",
 *   activation: "tanh",
 *   vocabularySize: 3,
 *   hiddenSize: 4,
 *   numLayers: 1,
 * };
 * using backend = openReference();
 * using model = new LanguageModel(backend, config, { batchSize: 1, numSteps: 8 });
 * model.write(initializeParameters(config, { seed: 0, sigma: 0.1 }));
 * const ids = backend.allocate([2, 1], "u32");
 * const logits = model.forward(ids);
 * console.assert((await backend.read(logits)).length === 2 * 1 * 3);
 * ```
 */
export class LanguageModel implements Disposable {
  readonly #backend: Backend;
  readonly #config: ModelConfig;
  readonly #specs: readonly ParameterSpec[];
  readonly #layers: readonly Layer[];
  readonly #head: { weight: ParameterTensors; bias: ParameterTensors };
  readonly #parameters: Tensor; // (P)
  readonly #gradients?: Tensor; // (P)
  readonly #logits: Tensor; // (T, B, V)
  readonly #dLogits?: Tensor; // (T, B, V)
  #steps = 0; // of the last forward
  readonly #allocation: Allocation;

  /** Allocates the model's tensors; its parameters are zero until `write`. */
  constructor(
    backend: Backend,
    config: ModelConfig,
    { batchSize: B, numSteps: T, trains = false }: LanguageModelOptions,
  ) {
    const { vocabularySize: V, hiddenSize: H } = config;
    this.#backend = backend;
    this.#allocation = new Allocation(backend);
    const allocate = (...shape: number[]) => this.#allocation.tensor(shape);
    this.#config = config;
    this.#specs = parameterSpecs(config);
    const P = flatSize(this.#specs);
    this.#parameters = allocate(P);
    if (trains) this.#gradients = allocate(P);
    const parameter = (name: string): ParameterTensors => {
      const { offset, shape } = this.#specs.find((spec) => spec.name === name)!;
      return {
        value: this.#parameters.view(offset, shape),
        gradient: this.#gradients?.view(offset, shape),
      };
    };
    this.#layers = Array.from({ length: config.numLayers }, (_, k) => ({
      weightIh: parameter(`rnn.weight_ih_l${k}`),
      weightHh: parameter(`rnn.weight_hh_l${k}`),
      bias: parameter(`rnn.bias_ih_l${k}`),
      state: allocate(B, H),
      input: allocate(T, B, H),
      output: allocate(T, B, H),
      ...(trains && { dInput: allocate(T, B, H), dOutput: allocate(T, B, H) }),
    }));
    this.#head = {
      weight: parameter("linear.weight"),
      bias: parameter("linear.bias"),
    };
    this.#logits = allocate(T, B, V);
    if (trains) this.#dLogits = allocate(T, B, V);
  }

  /** Replaces the parameters. */
  write(parameters: Parameters): void {
    this.#backend.write(this.#parameters, flatten(this.#specs, parameters));
  }

  /** A copy of the parameters, after all that was called before. */
  async read(): Promise<Parameters> {
    const flat = await this.#backend.read(this.#parameters);
    return unflatten(this.#specs, flat as Float32Array | Float64Array);
  }

  /** A copy of the gradients that the last `backward` left. */
  async readGradients(): Promise<Parameters> {
    const flat = await this.#backend.read(this.#trained().gradients);
    return unflatten(this.#specs, flat as Float32Array | Float64Array);
  }

  /** A copy of each layer's state `(B, H)`, one after the other. */
  async readState(): Promise<number[]> {
    const states = this.#layers.map(({ state }) => this.#backend.read(state));
    return (await Promise.all(states)).flatMap((values) => [...values]);
  }

  /** Makes the state zero, as at the start of an epoch. */
  resetState(): void {
    for (const { state } of this.#layers) {
      this.#backend.ops.fill({ tensor: state, value: 0 });
    }
  }

  /**
   * Runs the model on token ids `(T, B)` from the carried state on. Returns the
   * logits `(T, B, V)`, which the next call overwrites.
   */
  forward(inputs: Tensor): Tensor {
    const { ops } = this.#backend;
    this.#steps = inputs.shape[0];
    this.#layers.forEach((layer, k) => {
      const { weightIh, weightHh, bias, state } = layer;
      const input = this.#used(layer.input), output = this.#used(layer.output);
      const weight = weightIh.value;
      if (k === 0) {
        ops.embedding({ ids: inputs, weight, output: input });
      } else {
        const below = this.#used(this.#layers[k - 1].output);
        ops.linear({ input: below, weight, output: input });
      }
      ops.rnn({
        input,
        weight: weightHh.value,
        bias: bias.value,
        initialState: state,
        output,
        activation: this.#config.activation,
      });
    });
    const logits = this.#used(this.#logits);
    ops.linear({
      input: this.#used(this.#layers[this.#layers.length - 1].output),
      weight: this.#head.weight.value,
      bias: this.#head.bias.value,
      output: logits,
    });
    return logits;
  }

  /** Mean cross-entropy of the logits: nats per token, into the scalar `loss`. */
  loss(targets: Tensor, loss: Tensor): void {
    this.#backend.ops.softmaxCrossEntropy({
      logits: this.#used(this.#logits),
      targets,
      loss,
      dLogits: this.#dLogits && this.#used(this.#dLogits),
    });
  }

  /** Backpropagation through time, from the last `loss` to every gradient. */
  backward(inputs: Tensor): void {
    const { ops } = this.#backend;
    const { dLogits } = this.#trained();
    const top = this.#layers[this.#layers.length - 1];
    ops.linearBackward({
      input: this.#used(top.output),
      weight: this.#head.weight.value,
      dOutput: this.#used(dLogits),
      dInput: this.#used(top.dOutput!),
      dWeight: this.#head.weight.gradient!,
      dBias: this.#head.bias.gradient,
    });
    for (let k = this.#layers.length - 1; k >= 0; k--) {
      const layer = this.#layers[k];
      const dInput = this.#used(layer.dInput!);
      ops.rnnBackward({
        weight: layer.weightHh.value,
        initialState: layer.state,
        output: this.#used(layer.output),
        dOutput: this.#used(layer.dOutput!),
        dInput,
        dWeight: layer.weightHh.gradient!,
        dBias: layer.bias.gradient!,
        activation: this.#config.activation,
      });
      const dWeight = layer.weightIh.gradient!;
      if (k === 0) {
        ops.embeddingBackward({ ids: inputs, dOutput: dInput, dWeight });
      } else {
        const below = this.#layers[k - 1];
        ops.linearBackward({
          input: this.#used(below.output),
          weight: layer.weightIh.value,
          dOutput: dInput,
          dInput: this.#used(below.dOutput!),
          dWeight,
        });
      }
    }
  }

  /** Carries the last states over to the next minibatch. */
  carryState(): void {
    for (const { output, state } of this.#layers) {
      const last = output.at(this.#steps - 1);
      this.#backend.ops.copy({ source: last, destination: state });
    }
  }

  /** One step of clipped gradient descent; the scalar `norm` gets the global norm. */
  update(
    norm: Tensor,
    options: { readonly learningRate: number; readonly clipNorm: number },
  ): void {
    const { gradients } = this.#trained();
    const parameters = this.#parameters;
    this.#backend.ops.globalNorm({ gradients, norm });
    this.#backend.ops.update({ parameters, gradients, norm, ...options });
  }

  /** Frees every tensor of the model. */
  [Symbol.dispose](): void {
    this.#allocation[Symbol.dispose]();
  }

  /** The part of a tensor `(T, …)` that the steps of the last forward fill. */
  #used(tensor: Tensor): Tensor {
    const [T, ...rest] = tensor.shape;
    return T === this.#steps ? tensor : tensor.view(0, [this.#steps, ...rest]);
  }

  #trained(): { gradients: Tensor; dLogits: Tensor } {
    if (this.#gradients && this.#dLogits) {
      return { gradients: this.#gradients, dLogits: this.#dLogits };
    }
    throw new TypeError("This model was not made to be trained: see `trains`");
  }
}
