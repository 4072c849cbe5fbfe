/**
 * The recurrent language model of d2l 8.5 and chapter 9 in terms of a backend's ops.
 *
 * @module
 */

import { Allocation } from "../backend/allocation.ts";
import type { Backend, Tensor, Values } from "../backend/backend.ts";
import { placeWords } from "../random.ts";
import {
  type Cell,
  CELLS,
  type LayerGradients,
  type LayerTensors,
} from "./cells.ts";
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
  /** Rows of a minibatch, B. */
  readonly batchSize: number;
  /** The most time steps that a minibatch may have, T. */
  readonly numSteps: number;
  /** Holds gradients, and so can be trained. Default false. */
  readonly trains?: boolean;
  /**
   * Probability that an element between two layers is zeroed in a `forward` that is
   * given a place of the draw, from 0 to below 1. Default 0.
   */
  readonly dropout?: number;
}

/** Where a minibatch stands in training: what its dropout is drawn by. */
export interface DropoutPlace {
  /** Seed of the run. */
  readonly seed: number;
  /** From 0 on. */
  readonly epoch: number;
  /** Which minibatch of the epoch, from 0 on. */
  readonly step: number;
}

/** The carried states by PyTorch's names, each `(L, B, H)`: `c` with an LSTM alone. */
export type States = ReadonlyMap<"h" | "c", Float32Array | Float64Array>;

/** A layer: what its ops take, and how its input is made. */
interface Layer {
  readonly tensors: LayerTensors;
  /** `(G·H, I)`. */
  readonly weightIh: Tensor;
  /** `(T, B, H)`: the output as the layer above gets it. */
  readonly dropped: Tensor;
  readonly gradients?: LayerGradients & { readonly dWeightIh: Tensor };
}

/** A learned embedding. */
interface EmbeddingTensors {
  /** `(V, E)`. */
  readonly table: Tensor;
  /** `(T, B, E)`. */
  readonly output: Tensor;
  readonly dTable?: Tensor;
  readonly dOutput?: Tensor;
}

/**
 * A model on a backend. With `X_t` the one-hot rows of a step's token ids, or their
 * embeddings, and f a vanilla, GRU or LSTM layer:
 *
 *     H_t = f(X_t W_xh, H_{t-1})      one layer, or several stacked
 *     Z_t = H_t W_hq + b_q            the logits
 *
 * Source: d2l 8.4.2, 8.5.2, 9.1 to 9.3. The state is carried from one minibatch to
 * the next until `resetState`; no gradient flows back through it.
 *
 * @example
 * ```ts
 * import { openReference } from "../backend/reference/reference_backend.ts";
 * import type { ModelConfig } from "./config.ts";
 * import { LanguageModel } from "./language_model.ts";
 * import { initializeParameters } from "./parameters.ts";
 *
 * const config: ModelConfig = {
 *   cell: "lstm",
 *   vocabularySize: 3,
 *   hiddenSize: 4,
 *   numLayers: 2,
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
  readonly #specs: readonly ParameterSpec[];
  readonly #cell: Cell;
  readonly #allocation: Allocation;
  readonly #dropout: number;
  readonly #parameters: Tensor; // (P)
  readonly #gradients?: Tensor; // (P)
  readonly #states: Tensor; // (S, L, B, H): h, and an LSTM's c
  readonly #embedding?: EmbeddingTensors;
  readonly #layers: readonly Layer[];
  readonly #head: {
    weight: Tensor;
    bias: Tensor;
    dWeight?: Tensor;
    dBias?: Tensor;
  };
  readonly #logits: Tensor; // (T, B, V)
  readonly #dLogits?: Tensor; // (T, B, V)
  // Of the last forward:
  #steps = 0;
  #place?: DropoutPlace;

  /** Allocates the model's tensors; its parameters are zero until `write`. */
  constructor(
    backend: Backend,
    config: ModelConfig,
    { batchSize: B, numSteps: T, trains = false, dropout = 0 }:
      LanguageModelOptions,
  ) {
    const { vocabularySize: V, hiddenSize: H, numLayers: L } = config;
    this.#specs = parameterSpecs(config);
    this.#backend = backend;
    this.#cell = CELLS[config.cell];
    this.#dropout = L > 1 ? dropout : 0;
    const { gates: G, carries, saves, hiddenBias } = this.#cell;
    using cleanup = new DisposableStack();
    this.#allocation = cleanup.use(new Allocation(backend));
    const allocate = (...shape: number[]) => this.#allocation.tensor(shape);

    const P = flatSize(this.#specs);
    this.#parameters = allocate(P);
    if (trains) this.#gradients = allocate(P);
    const view = (flat: Tensor, name: string) => {
      const { offset, shape } = this.#specs.find((spec) => spec.name === name)!;
      return flat.view(offset, shape);
    };
    const parameter = (name: string) => view(this.#parameters, name);
    const gradient = (name: string) => view(this.#gradients!, name);

    const E = config.embeddingSize ?? 0;
    if (E > 0) {
      this.#embedding = {
        table: parameter("embedding.weight"),
        output: allocate(T, B, E),
        ...(trains && {
          dTable: gradient("embedding.weight"),
          dOutput: allocate(T, B, E),
        }),
      };
    }
    this.#states = allocate(carries.length, L, B, H);
    this.#layers = Array.from({ length: L }, (_, k) => {
      const output = allocate(T, B, H);
      const tensors: LayerTensors = {
        weight: parameter(`rnn.weight_hh_l${k}`),
        bias: parameter(`rnn.bias_ih_l${k}`),
        ...(hiddenBias && { hiddenBias: parameter(`rnn.bias_hh_l${k}`) }),
        initialState: this.#states.at(0).at(k),
        ...(carries.length > 1 && { initialCell: this.#states.at(1).at(k) }),
        input: allocate(T, B, G * H),
        output,
        ...(saves.cells && { cells: allocate(T, B, saves.cells * H) }),
        ...(saves.gates && { gates: allocate(T, B, saves.gates * H) }),
        activation: config.activation ?? "tanh",
      };
      const drops = trains && this.#dropout > 0 && k < L - 1;
      return {
        tensors,
        weightIh: parameter(`rnn.weight_ih_l${k}`),
        dropped: drops ? allocate(T, B, H) : output,
        ...(trains && {
          gradients: {
            ...tensors,
            dOutput: allocate(T, B, H),
            dInput: allocate(T, B, G * H),
            dWeight: gradient(`rnn.weight_hh_l${k}`),
            dBias: gradient(`rnn.bias_ih_l${k}`),
            ...(hiddenBias && {
              dHiddenBias: gradient(`rnn.bias_hh_l${k}`),
            }),
            dWeightIh: gradient(`rnn.weight_ih_l${k}`),
          },
        }),
      };
    });
    this.#head = {
      weight: parameter("linear.weight"),
      bias: parameter("linear.bias"),
      ...(trains && {
        dWeight: gradient("linear.weight"),
        dBias: gradient("linear.bias"),
      }),
    };
    this.#logits = allocate(T, B, V);
    if (trains) this.#dLogits = allocate(T, B, V);
    cleanup.move(); // nothing failed: the tensors live as long as the model
  }

  /** All parameters, `(P)`, for an optimizer. */
  get parameters(): Tensor {
    return this.#parameters;
  }

  /**
   * All gradients, `(P)`, in the order of the parameters.
   *
   * @throws {TypeError} If the model was not made to be trained.
   */
  get gradients(): Tensor {
    return this.#trained().gradients;
  }

  /** Replaces the parameters. */
  write(parameters: Parameters): void {
    this.#backend.write(this.#parameters, flatten(this.#specs, parameters));
  }

  /** The carried states, `(S, L, B, H)`: h and, with an LSTM, c. */
  get states(): Tensor {
    return this.#states;
  }

  /**
   * The parameters in memory, after all that was called before.
   *
   * @param from A copy of {@linkcode parameters}, to read in their place.
   */
  async read(from: Tensor = this.#parameters): Promise<Parameters> {
    const flat = await this.#backend.read(from);
    return unflatten(this.#specs, reals(flat));
  }

  /** A copy of the gradients that the last `backward` left. */
  async readGradients(): Promise<Parameters> {
    const flat = await this.#backend.read(this.gradients);
    return unflatten(this.#specs, reals(flat));
  }

  /**
   * The carried states in memory.
   *
   * @param from A copy of {@linkcode states}, to read in their place.
   */
  async readStates(from: Tensor = this.#states): Promise<States> {
    const { carries } = this.#cell;
    const all = reals(await this.#backend.read(from));
    const size = all.length / carries.length;
    return new Map(
      carries.map(({ name }, s) => [
        name,
        all.slice(s * size, (s + 1) * size),
      ]),
    );
  }

  /**
   * A copy of what a layer gave at every step of the last `forward`: the hidden
   * states `(T, B, H)`, before any dropout.
   *
   * @param layer From 0, the one nearest the input, on.
   * @throws {RangeError} If there is no such layer.
   * @throws {TypeError} If there was no `forward`.
   */
  async readOutputs(layer: number): Promise<Float32Array | Float64Array> {
    const L = this.#layers.length;
    if (!Number.isInteger(layer) || layer < 0 || layer >= L) {
      throw new RangeError(
        `Cannot read the outputs of layer ${layer}: expected a whole number ` +
          `from 0 to ${L - 1}`,
      );
    }
    if (this.#steps === 0) {
      throw new TypeError("Cannot read outputs before the first forward");
    }
    const { output } = this.#layers[layer].tensors;
    return reals(await this.#backend.read(this.#view(output)));
  }

  /**
   * Replaces the carried states.
   *
   * @throws {RangeError} If one is missing or has another size.
   */
  writeStates(states: States): void {
    this.#cell.carries.forEach(({ name }, s) => {
      this.#backend.write(this.#states.at(s), states.get(name) ?? []);
    });
  }

  /** Makes the states zero, as at the start of an epoch. */
  resetState(): void {
    this.#backend.ops.fill({ tensor: this.#states, value: 0 });
  }

  /**
   * Runs the model on token ids `(T, B)` from the carried state on. Returns the
   * logits `(T, B, V)`, which the next call overwrites.
   *
   * @param place Where the minibatch stands in training; without it nothing is
   * dropped, as when a model is used.
   */
  forward(inputs: Tensor, place?: DropoutPlace): Tensor {
    const { ops } = this.#backend;
    this.#steps = inputs.shape[0];
    this.#place = place;
    this.#layers.forEach((layer, k) => {
      const used = this.#used(layer.tensors), { input } = used;
      const { weightIh: weight } = layer;
      if (k > 0) {
        ops.linear({ input: this.#outputOf(k - 1), weight, output: input });
      } else if (this.#embedding) {
        const { table, output } = this.#used(this.#embedding);
        ops.embedding({ ids: inputs, table, output });
        ops.linear({ input: output, weight, output: input });
      } else {
        ops.oneHotLinear({ ids: inputs, weight, output: input });
      }
      this.#cell.forward(ops, used);
      if (this.#drops(k)) {
        this.#drop(k, used.output, this.#view(layer.dropped));
      }
    });
    const logits = this.#view(this.#logits);
    ops.linear({
      input: this.#outputOf(this.#layers.length - 1),
      weight: this.#head.weight,
      bias: this.#head.bias,
      output: logits,
    });
    return logits;
  }

  /**
   * Mean cross-entropy of the logits: nats per token, into the scalar `loss`; that of
   * each token into `losses` `(T, B)`, if that is given.
   */
  loss(targets: Tensor, loss: Tensor, losses?: Tensor): void {
    this.#backend.ops.softmaxCrossEntropy({
      logits: this.#view(this.#logits),
      targets,
      loss,
      losses,
      dLogits: this.#dLogits && this.#view(this.#dLogits),
    });
  }

  /** Backpropagation through time, from the last `loss` to every gradient. */
  backward(inputs: Tensor): void {
    const { ops } = this.#backend;
    const { dLogits } = this.#trained();
    const top = this.#layers.length - 1;
    ops.linearBackward({
      input: this.#outputOf(top),
      weight: this.#head.weight,
      dOutput: this.#view(dLogits),
      dInput: this.#view(this.#layers[top].gradients!.dOutput),
      dWeight: this.#head.dWeight!,
      dBias: this.#head.dBias,
    });
    for (let k = top; k >= 0; k--) {
      const { weightIh: weight, gradients } = this.#layers[k];
      const used = this.#used(gradients!);
      const { dInput: dOutput, dWeightIh: dWeight } = used;
      // The mask that the output met is met by its gradient.
      if (this.#drops(k)) this.#drop(k, used.dOutput, used.dOutput);
      this.#cell.backward(ops, used);
      if (k > 0) {
        ops.linearBackward({
          input: this.#outputOf(k - 1),
          weight,
          dOutput,
          dInput: this.#view(this.#layers[k - 1].gradients!.dOutput),
          dWeight,
        });
      } else if (this.#embedding) {
        const embedding = this.#used(this.#embedding);
        ops.linearBackward({
          input: embedding.output,
          weight,
          dOutput,
          dInput: embedding.dOutput,
          dWeight,
        });
        ops.embeddingBackward({
          ids: inputs,
          dOutput: embedding.dOutput!,
          dTable: embedding.dTable!,
        });
      } else {
        ops.oneHotLinearBackward({ ids: inputs, dOutput, dWeight });
      }
    }
  }

  /**
   * Carries the last states over to the next minibatch.
   *
   * @param norm The scalar that the gradients' norm is in, when training: if that is
   * not finite, the minibatch is refused and the next one starts from the zero state.
   */
  carryState(norm?: Tensor): void {
    const { ops } = this.#backend;
    for (const { tensors } of this.#layers) {
      for (const { initial, steps } of this.#cell.carries) {
        const source = tensors[steps]!.at(this.#steps - 1);
        const destination = tensors[initial]!;
        if (norm) ops.carry({ source, destination, norm });
        else ops.copy({ source, destination });
      }
    }
  }

  /** Frees every tensor of the model. */
  [Symbol.dispose](): void {
    this.#allocation[Symbol.dispose]();
  }

  /** What the layer above layer `k`, or the head, gets. */
  #outputOf(k: number): Tensor {
    const { dropped, tensors } = this.#layers[k];
    return this.#view(this.#drops(k) ? dropped : tensors.output);
  }

  #drops(k: number): boolean {
    return this.#place !== undefined && this.#dropout > 0 &&
      k < this.#layers.length - 1;
  }

  #drop(layer: number, input: Tensor, output: Tensor): void {
    const { seed, epoch, step } = this.#place!;
    const place = { stream: "dropout", epoch, step, part: layer } as const;
    const words = placeWords(seed, place);
    this.#backend.ops.dropout({ input, output, rate: this.#dropout, ...words });
  }

  /** The part of a tensor `(T, …)` that the steps of the last forward fill. */
  #view(tensor: Tensor): Tensor {
    const [T, ...rest] = tensor.shape;
    return T === this.#steps ? tensor : tensor.view(0, [this.#steps, ...rest]);
  }

  /** The same of all tensors of three dimensions, which are those of `T` steps. */
  #used<Tensors extends object>(tensors: Tensors): Tensors {
    if (this.#steps === this.#logits.shape[0]) return tensors;
    const entries = Object.entries(tensors).map(([name, value]) =>
      [name, value?.shape?.length === 3 ? this.#view(value) : value] as const
    );
    return Object.fromEntries(entries) as Tensors;
  }

  #trained(): { gradients: Tensor; dLogits: Tensor } {
    if (this.#gradients && this.#dLogits) {
      return { gradients: this.#gradients, dLogits: this.#dLogits };
    }
    throw new TypeError("This model was not made to be trained: see `trains`");
  }
}

function reals(values: Values): Float32Array | Float64Array {
  if (!(values instanceof Uint32Array)) return values;
  throw new TypeError("Expected a tensor of f32, got u32");
}
