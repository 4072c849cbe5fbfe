/**
 * The chapter's model in training, on one minibatch of random tokens.
 *
 * @module
 */

import { Allocation } from "../../lib/backend/allocation.ts";
import type { Backend, Tensor } from "../../lib/backend/backend.ts";
import type { CellName } from "../../lib/model/cells.ts";
import type { ModelConfig } from "../../lib/model/config.ts";
import { LanguageModel } from "../../lib/model/language_model.ts";
import { initializeParameters } from "../../lib/model/parameters.ts";
import { randomPermutation } from "../../lib/random.ts";
import { Optimizer } from "../../lib/training/optimizer.ts";
import { withDefaults } from "../../lib/training/settings.ts";

/** The chapter's vocabulary: `<unk>`, a space and 26 letters. */
const VOCABULARY_SIZE = 28;

/** The chapter's way of training: gradient descent with the norm clipped to 1. */
const TRAINING = withDefaults({});

/** What a minibatch is: B rows of T steps, H hidden units. */
export interface Sizes {
  readonly cell: CellName;
  readonly hiddenSize: number;
  readonly batchSize: number;
  readonly numSteps: number;
}

/** The config of a model of one layer of a cell, with the chapter's vocabulary. */
export function chapterConfig(cell: CellName, hiddenSize: number): ModelConfig {
  return { cell, hiddenSize, vocabularySize: VOCABULARY_SIZE, numLayers: 1 };
}

/** A model, its optimizer and a minibatch; the state is carried from call to call. */
export class TrainingModel implements Disposable {
  readonly #resources = new DisposableStack();
  readonly #model: LanguageModel;
  readonly #optimizer: Optimizer;
  readonly #inputs: Tensor; // (T, B)
  readonly #targets: Tensor; // (T, B)
  readonly #loss: Tensor; // ()
  readonly #norm: Tensor; // ()
  #updates = 0;

  /** The initial weights are the chapter's. */
  constructor(
    backend: Backend,
    { cell, hiddenSize, batchSize: B, numSteps: T }: Sizes,
  ) {
    using cleanup = new DisposableStack();
    const config = chapterConfig(cell, hiddenSize);
    const options = { batchSize: B, numSteps: T, trains: true };
    this.#model = cleanup.use(new LanguageModel(backend, config, options));
    this.#model.write(initializeParameters(config, TRAINING));
    this.#optimizer = cleanup.use(
      new Optimizer(backend, this.#model, TRAINING),
    );
    const allocation = cleanup.use(new Allocation(backend));
    const someIds = (seed: number) => {
      const ids = allocation.tensor([T, B], "u32");
      const values = randomPermutation(seed, { stream: "shuffle" }, T * B)
        .map((n) => n % VOCABULARY_SIZE);
      backend.write(ids, values);
      return ids;
    };
    this.#inputs = someIds(1);
    this.#targets = someIds(2);
    this.#loss = allocation.tensor([]);
    this.#norm = allocation.tensor([]);
    this.#resources.use(cleanup.move()); // nothing failed
  }

  /** Queues all ops of a minibatch, as training does between two readbacks. */
  minibatch(): void {
    const model = this.#model;
    const { learningRate } = TRAINING;
    model.advance(this.#inputs);
    model.loss(this.#targets, this.#loss);
    model.backward(this.#inputs);
    const updates = ++this.#updates;
    this.#optimizer.update(this.#norm, { learningRate, updates });
    model.carryState(this.#norm);
  }

  /** All gradients that the last minibatch left, in the order of the parameters. */
  async readGradients(): Promise<Float64Array> {
    const gradients = await this.#model.readGradients();
    return Float64Array.from([...gradients.values()].flatMap((g) => [...g]));
  }

  /** Frees every tensor. */
  [Symbol.dispose](): void {
    this.#resources.dispose();
  }
}
