/**
 * The recurrent language model of d2l 8.5 and chapter 9, built from a backend's ops.
 *
 * @module
 */

import type { Backend, Tensor, Values } from "../backend/backend.ts";
import { placeWords } from "../random.ts";
import { CELLS, type StateName } from "./cells.ts";
import type { ModelConfig } from "./config.ts";
import {
  type BackwardTensors,
  type ForwardTensors,
  type MinibatchTensors,
  ModelTensors,
} from "./model_tensors.ts";
import { flatten, type Parameters, unflatten } from "./parameters.ts";

/** Size of the minibatches, and whether gradients are needed. */
export interface LanguageModelOptions {
  /** Number of rows in a minibatch, B. */
  readonly batchSize: number;
  /** Maximum number of time steps in a minibatch, T. */
  readonly numSteps: number;
  /** Whether the model has gradients, so that it can be trained. Default false. */
  readonly trains?: boolean;
  /**
   * Probability that an element between two layers is set to zero, at least 0 and below
   * 1; it only has an effect in a `forward` that gets a place. Default 0.
   */
  readonly dropout?: number;
}

/** The position of a minibatch in training, which determines its random dropout. */
export interface DropoutPlace {
  /** Seed of the training. */
  readonly seed: number;
  /** The epoch, counted from 0. */
  readonly epoch: number;
  /** The minibatch within the epoch, counted from 0. */
  readonly minibatch: number;
}

/** The carried states by PyTorch's names, each `(L, B, H)`; only an LSTM has `c`. */
export type States = ReadonlyMap<StateName, Float32Array | Float64Array>;

/**
 * A model on a backend. `X_t` stands for the one-hot rows of a time step's token ids,
 * or their embeddings, and f for a vanilla, GRU or LSTM layer:
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
  readonly #stateNames: readonly StateName[];
  readonly #tensors: ModelTensors;
  readonly #dropout: number;
  // Of the last forward:
  #used: MinibatchTensors;
  #steps = 0;
  #place?: DropoutPlace;

  /** Allocates the model's tensors; its parameters are zero until `write` is called. */
  constructor(
    backend: Backend,
    config: ModelConfig,
    { batchSize, numSteps, trains = false, dropout = 0 }: LanguageModelOptions,
  ) {
    this.#backend = backend;
    this.#dropout = config.numLayers > 1 ? dropout : 0;
    const drops = trains && this.#dropout > 0;
    const sizes = { batchSize, numSteps, trains, drops };
    this.#tensors = new ModelTensors(backend, config, sizes);
    this.#used = this.#tensors.of(numSteps);
    this.#stateNames = CELLS[config.cell].states;
  }

  /** All parameters, `(P)`, for an optimizer. */
  get parameters(): Tensor {
    return this.#tensors.parameters;
  }

  /**
   * All gradients, `(P)`, in the order of the parameters.
   *
   * @throws {TypeError} If the model was created without `trains`.
   */
  get gradients(): Tensor {
    return this.#tensors.gradients ?? untrained();
  }

  /** Replaces the parameters. */
  write(parameters: Parameters): void {
    const { parameters: flat, specs } = this.#tensors;
    this.#backend.write(flat, flatten(specs, parameters));
  }

  /** The carried states, `(S, L, B, H)`: h and, with an LSTM, c. */
  get states(): Tensor {
    return this.#tensors.states;
  }

  /**
   * Reads the parameters, after everything that was called before.
   *
   * @param from A copy of {@linkcode parameters}, to read instead.
   */
  async read(from: Tensor = this.parameters): Promise<Parameters> {
    const flat = await this.#backend.read(from);
    return unflatten(this.#tensors.specs, reals(flat));
  }

  /** Reads the gradients that the last `backward` computed. */
  async readGradients(): Promise<Parameters> {
    const flat = await this.#backend.read(this.gradients);
    return unflatten(this.#tensors.specs, reals(flat));
  }

  /**
   * Reads the carried states.
   *
   * @param from A copy of {@linkcode states}, to read instead.
   */
  async readStates(from: Tensor = this.states): Promise<States> {
    const names = this.#stateNames;
    const all = reals(await this.#backend.read(from));
    const size = all.length / names.length;
    return new Map(
      names.map((name, s) => [name, all.slice(s * size, (s + 1) * size)]),
    );
  }

  /**
   * Reads the outputs of a layer at every time step of the last `forward`: the hidden
   * states `(T, B, H)`, before any dropout.
   *
   * @param layer The layer, counted from 0, which is the one nearest the input.
   * @throws {RangeError} If there is no such layer.
   * @throws {TypeError} If there was no `forward`.
   */
  async readOutputs(layer: number): Promise<Float32Array | Float64Array> {
    const { layers } = this.#used.forward;
    const L = layers.length;
    if (!Number.isInteger(layer) || layer < 0 || layer >= L) {
      throw new RangeError(
        `Cannot read the outputs of layer ${layer}: expected a whole number ` +
          `from 0 to ${L - 1}`,
      );
    }
    if (this.#steps === 0) {
      throw new TypeError("Cannot read outputs before the first forward pass");
    }
    return reals(await this.#backend.read(layers[layer].output));
  }

  /**
   * Replaces the carried states.
   *
   * @throws {RangeError} If one is missing or has another size.
   */
  writeStates(states: States): void {
    this.#stateNames.forEach((name, s) => {
      this.#backend.write(this.states.at(s), states.get(name) ?? []);
    });
  }

  /** Sets the states to zero, as at the start of an epoch. */
  resetState(): void {
    this.#backend.ops.fill({ tensor: this.states, value: 0 });
  }

  /**
   * Runs the model on token ids `(T, B)`, starting from the carried state. Returns the
   * logits `(T, B, V)`, which the next call overwrites.
   *
   * @param place The position of the minibatch in training; without it there is no
   * dropout, as when a trained model is used.
   */
  forward(inputs: Tensor, place?: DropoutPlace): Tensor {
    this.advance(inputs, place);
    return this.logits();
  }

  /**
   * Does what `forward` does for the states alone: there are no logits. That is enough
   * for `loss`, too, which computes its own, on some devices without storing them.
   */
  advance(inputs: Tensor, place?: DropoutPlace): void {
    const { ops } = this.#backend;
    this.#steps = inputs.shape[0];
    this.#place = place;
    this.#used = this.#tensors.of(this.#steps);
    const { embedding, layers } = this.#used.forward;
    layers.forEach(({ weightIh: weight, input, output, dropped, cell }, k) => {
      if (k > 0) {
        ops.linear({ input: this.#outputOf(k - 1), weight, output: input });
      } else if (embedding) {
        ops.embedding({ ids: inputs, ...embedding });
        ops.linear({ input: embedding.output, weight, output: input });
      } else {
        ops.oneHotLinear({ ids: inputs, weight, output: input });
      }
      cell.forward(ops);
      if (this.#drops(k)) this.#drop(k, output, dropped);
    });
  }

  /** The logits `(T, B, V)` of the last call of the layers; the next overwrites them. */
  logits(): Tensor {
    const logits = this.#tensors.logits(this.#steps);
    this.#backend.ops.head({ ...this.#head(), logits });
    return logits;
  }

  /**
   * Computes the mean cross-entropy, in nats per token, into the scalar `loss`, and that
   * of each token into `losses` `(T, B)`, if given.
   */
  loss(targets: Tensor, loss: Tensor, losses?: Tensor): void {
    const { backward } = this.#used;
    this.#backend.ops.head({
      ...this.#head(),
      targets,
      loss,
      losses,
      dLogits: backward?.dLogits,
      dInput: backward?.layers[this.#top].gradients.dOutput,
    });
  }

  /** Computes every gradient by backpropagation through time from the last `loss`. */
  backward(inputs: Tensor): void {
    const { ops } = this.#backend;
    const { forward, backward = untrained() } = this.#used;
    for (let k = this.#top; k >= 0; k--) {
      const { cell } = forward.layers[k];
      const { dOutput } = backward.layers[k].gradients;
      // The mask that the output met is met by its gradient.
      if (this.#drops(k)) this.#drop(k, dOutput, dOutput);
      const throughCell = cell.backward ?? untrained();
      throughCell(ops);
      this.#backwardInput(k, inputs, forward, backward);
    }
  }

  /**
   * Carries the last states over to the next minibatch.
   *
   * @param norm In training, the scalar with the norm of the gradients: if it is not
   * finite, the minibatch is skipped and the next one starts from the zero state.
   */
  carryState(norm?: Tensor): void {
    const { ops } = this.#backend;
    for (const { cell } of this.#used.forward.layers) {
      for (const { initial: destination, steps } of cell.carries) {
        const source = steps.at(this.#steps - 1);
        if (norm) ops.carry({ source, destination, norm });
        else ops.copy({ source, destination });
      }
    }
  }

  /** Frees every tensor of the model. */
  [Symbol.dispose](): void {
    this.#tensors[Symbol.dispose]();
  }

  /**
   * The gradients of the weights around layer `k`, with the top layer's the head's, and
   * that of what the layer takes.
   */
  #backwardInput(
    k: number,
    inputs: Tensor,
    { layers, embedding }: ForwardTensors,
    backward: BackwardTensors,
  ): void {
    const { ops } = this.#backend;
    const { weightIh: weight, cell, initialState, output } = layers[k];
    const { gradients: { dInput }, weights } = backward.layers[k];
    const { dLogits, dHeadWeight, dHeadBias } = backward;
    ops.weightGradients({
      ...(k > 0
        ? { input: this.#outputOf(k - 1) }
        : embedding
        ? { input: embedding.output }
        : { ids: inputs }),
      initialState,
      output,
      dInput,
      ...weights,
      ...cell.weightGradients,
      ...(k === this.#top && { dLogits, dHeadWeight, dHeadBias }),
    });
    const below = k > 0 ? backward.layers[k - 1].gradients : backward.embedding;
    if (!below) return;
    ops.linearBackward({ weight, dOutput: dInput, dInput: below.dOutput });
    if (k === 0 && backward.embedding) {
      ops.embeddingBackward({ ids: inputs, ...backward.embedding });
    }
  }

  /** The layer whose output the head takes. */
  get #top(): number {
    return this.#used.forward.layers.length - 1;
  }

  /** What the head takes of the last call of the layers. */
  #head() {
    const { weight, bias } = this.#used.forward;
    return { input: this.#outputOf(this.#top), weight, bias };
  }

  /** What the layer above layer `k`, or the head, gets. */
  #outputOf(k: number): Tensor {
    const { dropped, output } = this.#used.forward.layers[k];
    return this.#drops(k) ? dropped : output;
  }

  #drops(k: number): boolean {
    return this.#place !== undefined && this.#dropout > 0 &&
      k < this.#top;
  }

  #drop(layer: number, input: Tensor, output: Tensor): void {
    const { seed, epoch, minibatch: item } = this.#place!;
    const place = { stream: "dropout", epoch, item, part: layer } as const;
    const words = placeWords(seed, place);
    this.#backend.ops.dropout({ input, output, rate: this.#dropout, ...words });
  }
}

function untrained(): never {
  throw new TypeError(
    "This model was created without `trains`, so it cannot be " +
      "trained",
  );
}

function reals(values: Values): Float32Array | Float64Array {
  if (!(values instanceof Uint32Array)) return values;
  throw new TypeError("Expected a tensor of f32, got u32");
}
