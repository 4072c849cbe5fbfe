/**
 * A language model of one recurrent layer, in terms of a backend's ops: the same ops
 * in the same order as `lib/model` has them, open to be timed one by one.
 *
 * @module
 */

import { Allocation } from "../../lib/backend/allocation.ts";
import type { Backend, Tensor, Values } from "../../lib/backend/backend.ts";
import { randomNormal, randomPermutation } from "../../lib/random.ts";

/** The recurrent cells that there are. */
export const CELLS = ["rnn", "gru", "lstm"] as const;

/** What the recurrent layer is made of. */
export type Cell = (typeof CELLS)[number];

/** Gates of a cell. */
const GATES: Readonly<Record<Cell, number>> = { rnn: 1, gru: 3, lstm: 4 };

/** The chapter's vocabulary: `<unk>`, a space and 26 letters. */
export const VOCABULARY_SIZE = 28;

/** What a minibatch is: B rows of T steps, H hidden units. */
export interface Sizes {
  readonly cell: Cell;
  readonly hiddenSize: number;
  readonly batchSize: number;
  readonly numSteps: number;
}

/** A parameter and its gradient. */
interface Parameter {
  readonly value: Tensor;
  readonly gradient: Tensor;
}

/** The model with one random minibatch; its states are carried from call to call. */
export class Network implements Disposable {
  readonly #backend: Backend;
  readonly #sizes: Sizes;
  readonly #allocation: Allocation;
  readonly #parameters: Tensor; // (P)
  readonly #gradients: Tensor; // (P)
  readonly #norm: Tensor;
  readonly #loss: Tensor;
  readonly #embedding: Parameter; // (G·H, V)
  readonly #weight: Parameter; // (G·H, H)
  readonly #bias: Parameter; // (G·H)
  readonly #hiddenBias: Parameter; // (H), of a GRU
  readonly #headWeight: Parameter; // (V, H)
  readonly #headBias: Parameter; // (V)
  readonly #targets: Tensor; // (T, B)
  readonly #input: Tensor; // (T, B, G·H)
  readonly #initialState: Tensor; // (B, H)
  readonly #initialCell: Tensor; // (B, H), of an LSTM
  readonly #output: Tensor; // (T, B, H)
  readonly #cells: Tensor; // (T, B, H), of an LSTM
  readonly #gates: Tensor; // (T, B, 4H), of a GRU or LSTM
  readonly #dOutput: Tensor; // (T, B, H)
  readonly #dInput: Tensor; // (T, B, G·H)
  readonly #dLogits: Tensor; // (T, B, V)
  /** `(T, B)`, the tokens of the minibatch. */
  readonly inputs: Tensor;
  /** `(T, B, V)`, as `head` left them. */
  readonly logits: Tensor;

  /** @param sigma Standard deviation of the initial parameters. */
  constructor(backend: Backend, sizes: Sizes, sigma: number) {
    const { cell, hiddenSize: H, batchSize: B, numSteps: T } = sizes;
    const V = VOCABULARY_SIZE, G = GATES[cell];
    this.#backend = backend;
    this.#sizes = sizes;
    this.#allocation = new Allocation(backend);
    const tensor = (...shape: number[]) => this.#allocation.tensor(shape);
    const shapes = [[G * H, V], [G * H, H], [G * H], [H], [V, H], [V]];
    // Views begin at multiples of 64 elements, where a GPU can bind them.
    const offsets: number[] = [];
    let P = 0;
    for (const shape of shapes) {
      offsets.push(P);
      P += Math.ceil(shape.reduce((a, b) => a * b) / 64) * 64;
    }
    this.#parameters = tensor(P);
    this.#gradients = tensor(P);
    const draws = randomNormal(1, { stream: "parameters" }, P);
    backend.write(this.#parameters, draws.map((draw) => sigma * draw));
    [
      this.#embedding,
      this.#weight,
      this.#bias,
      this.#hiddenBias,
      this.#headWeight,
      this.#headBias,
    ] = shapes.map((shape, i) => ({
      value: this.#parameters.view(offsets[i], shape),
      gradient: this.#gradients.view(offsets[i], shape),
    }));
    this.#norm = tensor();
    this.#loss = tensor();
    this.inputs = this.#someIds(T, B, 1);
    this.#targets = this.#someIds(T, B, 2);
    this.#input = tensor(T, B, G * H);
    this.#initialState = tensor(B, H);
    this.#initialCell = tensor(B, H);
    this.#output = tensor(T, B, H);
    this.#cells = tensor(T, B, H);
    this.#gates = tensor(T, B, 4 * H);
    this.#dOutput = tensor(T, B, H);
    this.#dInput = tensor(T, B, G * H);
    this.logits = tensor(T, B, V);
    this.#dLogits = tensor(T, B, V);
  }

  /** One training step. */
  minibatch(): void {
    this.embed(this.inputs);
    this.recur();
    this.predict();
    this.learnHead();
    this.recurBackward();
    this.embedBackward();
    this.carryState();
    this.update();
  }

  /** Token ids `(T, B)` to the layer's input. */
  embed(ids: Tensor): void {
    const weight = this.#embedding.value;
    this.#backend.ops.oneHotLinear({ ids, weight, output: this.#input });
  }

  /** The recurrent layer. */
  recur(): void {
    const { ops } = this.#backend;
    const layer = { ...this.#layer(), input: this.#input };
    const weight = this.#weight.value, bias = this.#bias.value;
    switch (this.#sizes.cell) {
      case "rnn":
        return ops.rnn({ ...layer, weight, bias, activation: "tanh" });
      case "gru": {
        const hiddenBias = this.#hiddenBias.value;
        return ops.gru({ ...layer, weight, bias, hiddenBias });
      }
      case "lstm":
        return ops.lstm({ ...layer, weight, bias });
    }
  }

  /** States to logits. */
  predict(): void {
    this.#backend.ops.linear({
      input: this.#output,
      weight: this.#headWeight.value,
      bias: this.#headBias.value,
      output: this.logits,
    });
  }

  /** Logits to loss, and the gradients of the head. */
  learnHead(): void {
    const { ops } = this.#backend;
    ops.softmaxCrossEntropy({
      logits: this.logits,
      targets: this.#targets,
      loss: this.#loss,
      dLogits: this.#dLogits,
    });
    ops.linearBackward({
      input: this.#output,
      weight: this.#headWeight.value,
      dOutput: this.#dLogits,
      dInput: this.#dOutput,
      dWeight: this.#headWeight.gradient,
      dBias: this.#headBias.gradient,
    });
  }

  /** Backpropagation through time. */
  recurBackward(): void {
    const { ops } = this.#backend;
    const layer = {
      ...this.#layer(),
      weight: this.#weight.value,
      dOutput: this.#dOutput,
      dInput: this.#dInput,
      dWeight: this.#weight.gradient,
      dBias: this.#bias.gradient,
    };
    switch (this.#sizes.cell) {
      case "rnn":
        return ops.rnnBackward({ ...layer, activation: "tanh" });
      case "gru": {
        const dHiddenBias = this.#hiddenBias.gradient;
        return ops.gruBackward({ ...layer, dHiddenBias });
      }
      case "lstm":
        return ops.lstmBackward(layer);
    }
  }

  /** A product as large as the one in `recurBackward` that is the weight's gradient. */
  weightGradient(): void {
    this.#backend.ops.linearBackward({
      input: this.#output,
      weight: this.#weight.value,
      dOutput: this.#dInput,
      dWeight: this.#weight.gradient,
      dBias: this.#bias.gradient,
    });
  }

  /** The gradient of `oneHotLinear`. */
  embedBackward(): void {
    this.#backend.ops.oneHotLinearBackward({
      ids: this.inputs,
      dOutput: this.#dInput,
      dWeight: this.#embedding.gradient,
    });
  }

  /** The last states become the first. */
  carryState(): void {
    const { cell, numSteps } = this.#sizes;
    const last = numSteps - 1;
    this.#backend.ops.copy({
      source: this.#output.at(last),
      destination: this.#initialState,
    });
    if (cell !== "lstm") return;
    this.#backend.ops.copy({
      source: this.#cells.at(last),
      destination: this.#initialCell,
    });
  }

  /** A step of gradient descent, clipped. */
  update(): void {
    const { ops } = this.#backend;
    const gradients = this.#gradients, norm = this.#norm;
    const parameters = this.#parameters;
    ops.globalNorm({ gradients, norm });
    ops.update({ parameters, gradients, norm, learningRate: 1, clipNorm: 1 });
  }

  /** A copy of all gradients. */
  readGradients(): Promise<Values> {
    return this.#backend.read(this.#gradients);
  }

  /** Frees every tensor. */
  [Symbol.dispose](): void {
    this.#allocation[Symbol.dispose]();
  }

  /** What a layer's op and its backward both take. */
  #layer() {
    return {
      initialState: this.#initialState,
      initialCell: this.#initialCell,
      output: this.#output,
      cells: this.#cells,
      gates: this.#gates,
    };
  }

  #someIds(T: number, B: number, seed: number): Tensor {
    const ids = this.#allocation.tensor([T, B], "u32");
    const values = randomPermutation(seed, { stream: "shuffle" }, T * B)
      .map((n) => n % VOCABULARY_SIZE);
    this.#backend.write(ids, values);
    return ids;
  }
}
