/**
 * The tensors of a model on a backend, and which of them a minibatch uses.
 *
 * @module
 */

import { Allocation } from "../backend/allocation.ts";
import type { Backend, Tensor } from "../backend/backend.ts";
import {
  type BackwardSource,
  CELLS,
  type Layer,
  type StateName,
} from "./cells.ts";
import type { ModelConfig } from "./config.ts";
import { flatSize, type ParameterSpec, parameterSpecs } from "./parameters.ts";

/** How large the minibatches are, and what a model holds to be trained. */
export interface ModelSizes {
  /** Rows of a minibatch, B. */
  readonly batchSize: number;
  /** The most time steps that a minibatch may have, T. */
  readonly numSteps: number;
  /** Whether it has gradients. */
  readonly trains: boolean;
  /** Whether it has the outputs that dropout leaves, between its layers. */
  readonly drops: boolean;
}

/** What a minibatch takes through the model, T being its time steps. */
export interface ForwardTensors {
  readonly embedding?: {
    /** `(V, E)`. */
    readonly table: Tensor;
    /** `(T, B, E)`. */
    readonly output: Tensor;
  };
  readonly layers: readonly {
    /** `(G·H, I)`. */
    readonly weightIh: Tensor;
    /** `(B, H)`. */
    readonly initialState: Tensor;
    /** `(T, B, G·H)`: what comes in times that weight. */
    readonly input: Tensor;
    /** `(T, B, H)`. */
    readonly output: Tensor;
    /** `(T, B, H)`: what is left of it with dropout, where there is any. */
    readonly dropped: Tensor;
    readonly cell: Layer;
  }[];
  /** `(V, H)`. */
  readonly weight: Tensor;
  /** `(V)`. */
  readonly bias: Tensor;
}

/** The gradients of all that, in the same shapes. */
export interface BackwardTensors {
  readonly embedding?: { readonly dTable: Tensor; readonly dOutput: Tensor };
  readonly layers: readonly (BackwardSource & {
    /** Those of every cell's weights and bias. */
    readonly weights: {
      readonly dWeightIh: Tensor;
      readonly dWeight: Tensor;
      readonly dBias: Tensor;
    };
  })[];
  readonly dHeadWeight: Tensor;
  readonly dHeadBias: Tensor;
  readonly dLogits: Tensor;
}

/** What a minibatch of a certain number of time steps takes. */
export interface MinibatchTensors {
  readonly steps: number;
  readonly forward: ForwardTensors;
  readonly backward?: BackwardTensors;
}

/** Every tensor of a model; they are zero in the beginning. */
export class ModelTensors implements Disposable {
  readonly specs: readonly ParameterSpec[];
  /** All parameters, `(P)`. */
  readonly parameters: Tensor;
  /** All gradients, `(P)`, in the order of the parameters. */
  readonly gradients?: Tensor;
  /** `(S, L, B, H)`: h, and an LSTM's c. */
  readonly states: Tensor;
  readonly #config: ModelConfig;
  readonly #sizes: ModelSizes;
  readonly #allocation: Allocation;
  /** Tensors `(T, B, width)` of the most time steps, by name. */
  readonly #sequences = new Map<string, Tensor>();
  /** What the last minibatch took. */
  #last: MinibatchTensors;

  constructor(backend: Backend, config: ModelConfig, sizes: ModelSizes) {
    const { hiddenSize: H, numLayers: L } = config;
    const { batchSize: B, numSteps: T, trains } = sizes;
    this.specs = parameterSpecs(config);
    this.#config = config;
    this.#sizes = sizes;
    using cleanup = new DisposableStack();
    this.#allocation = cleanup.use(new Allocation(backend));
    const P = flatSize(this.specs), S = CELLS[config.cell].states.length;
    this.parameters = this.#allocation.tensor([P]);
    if (trains) this.gradients = this.#allocation.tensor([P]);
    this.states = this.#allocation.tensor([S, L, B, H]);
    this.#last = this.#of(T);
    cleanup.move(); // nothing failed: the tensors live as long as the model
  }

  /** What a minibatch of so many time steps takes, from 1 to `numSteps`. */
  of(steps: number): MinibatchTensors {
    if (steps !== this.#last.steps) this.#last = this.#of(steps);
    return this.#last;
  }

  /** The logits of so many time steps, `(T, B, V)`: training needs none. */
  logits(steps: number): Tensor {
    return this.#sequence("logits", this.#config.vocabularySize, steps);
  }

  /** Frees every tensor. */
  [Symbol.dispose](): void {
    this.#allocation[Symbol.dispose]();
  }

  #of(steps: number): MinibatchTensors {
    const { gradients } = this;
    const backward = gradients && this.#backward(gradients, steps);
    return { steps, forward: this.#forward(steps, backward), backward };
  }

  #forward(
    steps: number,
    backward: BackwardTensors | undefined,
  ): ForwardTensors {
    const { hiddenSize: H, numLayers: L, embeddingSize: E = 0 } = this.#config;
    const { gates: G } = CELLS[this.#config.cell];
    return {
      ...E > 0 && {
        embedding: {
          table: this.#parameter("embedding.weight"),
          output: this.#sequence("embedding", E, steps),
        },
      },
      layers: Array.from({ length: L }, (_, k) => {
        const input = this.#sequence(`input ${k}`, G * H, steps);
        const output = this.#sequence(`output ${k}`, H, steps);
        const drops = this.#sizes.drops && k < L - 1;
        return {
          weightIh: this.#parameter(`rnn.weight_ih_l${k}`),
          initialState: this.states.at(0).at(k), // h comes first
          input,
          output,
          dropped: drops
            ? this.#sequence(`dropped output ${k}`, H, steps)
            : output,
          cell: this.#cell(k, input, output, steps, backward?.layers[k]),
        };
      }),
      weight: this.#parameter("linear.weight"),
      bias: this.#parameter("linear.bias"),
    };
  }

  #cell(
    k: number,
    input: Tensor,
    output: Tensor,
    steps: number,
    gradients: BackwardTensors["layers"][number] | undefined,
  ): Layer {
    const { cell, hiddenSize: H, activation = "tanh" } = this.#config;
    const { states, layer } = CELLS[cell];
    const initial = (state: StateName) =>
      this.states.at(states.indexOf(state)).at(k);
    const parameter = (name: string) => this.#parameter(`rnn.${name}_l${k}`);
    return layer({
      tensors: {
        weight: parameter("weight_hh"),
        bias: parameter("bias_ih"),
        initialState: initial("h"),
        input,
        output,
        activation,
      },
      parameter,
      initial,
      saved: (name, width) =>
        this.#sequence(`saved ${name} ${k}`, width * H, steps),
    }, gradients);
  }

  #backward(gradients: Tensor, steps: number): BackwardTensors {
    const { vocabularySize: V, hiddenSize: H, numLayers: L } = this.#config;
    const { embeddingSize: E = 0 } = this.#config;
    const { gates: G } = CELLS[this.#config.cell];
    const gradient = (name: string) => this.#part(gradients, name);
    const sequence = (name: string, width: number) =>
      this.#sequence(`gradient of ${name}`, width, steps);
    return {
      ...E > 0 && {
        embedding: {
          dTable: gradient("embedding.weight"),
          dOutput: sequence("embedding", E),
        },
      },
      layers: Array.from({ length: L }, (_, k) => ({
        weights: {
          dWeightIh: gradient(`rnn.weight_ih_l${k}`),
          dWeight: gradient(`rnn.weight_hh_l${k}`),
          dBias: gradient(`rnn.bias_ih_l${k}`),
        },
        gradients: {
          dInput: sequence(`input ${k}`, G * H),
          dOutput: sequence(`output ${k}`, H),
        },
        gradient: (name: string) => gradient(`rnn.${name}_l${k}`),
        left: (name: string, width: number) =>
          this.#sequence(`left ${name} ${k}`, width * H, steps),
      })),
      dHeadWeight: gradient("linear.weight"),
      dHeadBias: gradient("linear.bias"),
      dLogits: sequence("logits", V),
    };
  }

  #parameter(name: string): Tensor {
    return this.#part(this.parameters, name);
  }

  /** The part of a flat tensor `(P)` that belongs to a parameter. */
  #part(flat: Tensor, name: string): Tensor {
    const { offset, shape } = this.specs.find((spec) => spec.name === name)!;
    return flat.view(offset, shape);
  }

  /** The first time steps of a tensor `(T, B, width)`, which is made when it is new. */
  #sequence(name: string, width: number, steps: number): Tensor {
    const { batchSize: B, numSteps: T } = this.#sizes;
    let whole = this.#sequences.get(name);
    if (!whole) {
      whole = this.#allocation.tensor([T, B, width]);
      this.#sequences.set(name, whole);
    }
    return steps === T ? whole : whole.view(0, [steps, B, width]);
  }
}
