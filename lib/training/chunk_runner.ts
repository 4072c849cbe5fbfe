import { Allocation } from "../backend/allocation.ts";
import type { Backend, Tensor } from "../backend/backend.ts";
import type { LanguageModel } from "../model/language_model.ts";
import type { Optimizer } from "./optimizer.ts";
import type { ScheduledMinibatch } from "./schedule.ts";
import type { TrainingRecord } from "./settings.ts";
import type { MinibatchResult } from "./resume_data.ts";

/** The most that a chunk may hold, which bounds its tensor of ids to 8 MiB. */
const MOST_MINIBATCHES = 1024;
const MOST_TOKENS = 2 ** 20;

/** Runs minibatches in chunks: one write, all the ops, one readback. */
export class ChunkRunner implements Disposable {
  /** The most minibatches that a chunk may hold. */
  readonly capacity: number; // N
  readonly #backend: Backend;
  readonly #model: LanguageModel;
  readonly #optimizer: Optimizer;
  readonly #training: TrainingRecord;
  readonly #allocation: Allocation;
  readonly #ids: Tensor; // (N, 2, T, B) u32: inputs, then targets
  readonly #results: Tensor; // (N, 2): loss, then norm

  /** The model must be one that trains, of the record's batch size and time steps. */
  constructor(
    backend: Backend,
    model: LanguageModel,
    optimizer: Optimizer,
    training: TrainingRecord,
  ) {
    const { numSteps: T, batchSize: B } = training;
    this.capacity = Math.max(
      1,
      Math.min(MOST_MINIBATCHES, Math.floor(MOST_TOKENS / (T * B))),
    );
    this.#backend = backend;
    this.#model = model;
    this.#optimizer = optimizer;
    this.#training = training;
    this.#allocation = new Allocation(backend);
    this.#ids = this.#allocation.tensor([this.capacity, 2, T, B], "u32");
    this.#results = this.#allocation.tensor([this.capacity, 2]);
  }

  /**
   * Trains on each minibatch in turn; at most `capacity` of them.
   *
   * @param updates How many updates there were before.
   * @param after Called when all ops of a minibatch are queued, with its place in
   * the chunk, from 0 on.
   */
  async run(
    chunk: readonly ScheduledMinibatch[],
    updates: number,
    after: (index: number) => void = () => {},
  ): Promise<MinibatchResult[]> {
    const { numSteps: T, batchSize: B, seed } = this.#training;
    const values = new Uint32Array(chunk.length * 2 * T * B);
    chunk.forEach(({ minibatch }, i) => {
      values.set(minibatch.inputs, 2 * i * T * B);
      values.set(minibatch.targets, (2 * i + 1) * T * B);
    });
    this.#backend.write(this.#ids.view(0, [chunk.length, 2, T, B]), values);
    chunk.forEach(({ minibatch, epoch, index, learningRate }, i) => {
      const [inputs, targets] = [0, 1].map((part) => this.#ids.at(i).at(part));
      const [loss, norm] = [0, 1].map((part) => this.#results.at(i).at(part));
      const model = this.#model;
      if (this.#training.resetState || !minibatch.continues) model.resetState();
      model.forwardLayers(inputs, { seed, epoch, minibatch: index });
      model.loss(targets, loss);
      model.backward(inputs);
      this.#optimizer.update(norm, { learningRate, updates: updates + i + 1 });
      model.carryState(norm);
      after(i);
    });
    const results = await this.#backend.read(
      this.#results.view(0, [chunk.length, 2]),
    );
    return chunk.map((_, i) => ({
      loss: results[2 * i],
      norm: results[2 * i + 1],
    }));
  }

  [Symbol.dispose](): void {
    this.#allocation[Symbol.dispose]();
  }
}
