/**
 * The likeliest tokens and the hidden states of each step of a text.
 *
 * @module
 */

import type { Backend } from "../backend/backend.ts";
import type { ModelConfig } from "./config.ts";
import type { LanguageModel } from "./language_model.ts";
import { likeliestIds } from "./likeliest.ts";

/** Numbers of a device, in its precision. */
export type Reals = Float32Array | Float64Array;

/** What a step's logits say of the likeliest ids i, when id k follows. */
export type Gaps = readonly {
  readonly id: number;
  /** `log p_i − log p_k = z_i − z_k`. */
  readonly gap: number;
}[];

/** What is wanted of each step of a model beside its loss. */
export interface StepReaderOptions {
  /** How many of the likeliest ids. */
  readonly likeliest: number;
  /** The layer whose hidden states are wanted. */
  readonly layer?: number;
}

/** Reads of each step of a model what is wanted beside its loss. */
export class StepReader {
  readonly #model: LanguageModel;
  readonly #config: ModelConfig;
  readonly #backend: Backend;
  readonly #ids: ArrayLike<number>;
  readonly #options: StepReaderOptions;
  #step = 0;
  #gaps: Gaps[] = [];
  #states: Reals[] = [];

  constructor(
    model: LanguageModel,
    config: ModelConfig,
    backend: Backend,
    ids: ArrayLike<number>,
    options: StepReaderOptions,
  ) {
    this.#model = model;
    this.#config = config;
    this.#backend = backend;
    this.#ids = ids;
    this.#options = options;
  }

  /** After a call of the model on one row. */
  async read(): Promise<void> {
    await this.readStates();
    const { likeliest } = this.#options;
    if (likeliest === 0) return;
    const read = await this.#backend.read(this.#model.logits());
    for (const z of rowsOf(read as Reals, this.#config.vocabularySize)) {
      const k = this.#ids[++this.#step];
      const ids = likeliestIds(z, likeliest);
      this.#gaps.push(ids.map((i) => ({ id: i, gap: z[i] - z[k] })));
    }
  }

  /** The hidden states of the last call of the model alone. */
  async readStates(): Promise<void> {
    const { layer } = this.#options;
    if (layer === undefined) return;
    const states = await this.#model.readOutputs(layer); // (steps, 1, H)
    this.#states.push(...rowsOf(states, this.#config.hiddenSize));
  }

  /** What was read of the steps since the last time. */
  take(): { readonly gaps: Gaps[]; readonly states: Reals[] } {
    const taken = { gaps: this.#gaps, states: this.#states };
    this.#gaps = [];
    this.#states = [];
    return taken;
  }
}

/** The rows of a matrix, each of `width` elements: views, no copies. */
function rowsOf(matrix: Reals, width: number): Reals[] {
  return Array.from(
    { length: matrix.length / width },
    (_, row) => matrix.subarray(row * width, (row + 1) * width),
  );
}
