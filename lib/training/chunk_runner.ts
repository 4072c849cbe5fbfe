import { Allocation } from "../backend/allocation.ts";
import type { Backend, Tensor } from "../backend/backend.ts";
import type { LanguageModel } from "../model/language_model.ts";
import type { Optimizer } from "./optimizer.ts";
import { isTrainedOn, type Work } from "./schedule.ts";
import type { TrainingRecord } from "./settings.ts";
import type { MinibatchResult } from "./resume_data.ts";

/** The most that a chunk may hold, which bounds its tensor of ids to 8 MiB. */
const MOST_MINIBATCHES = 1024;
const MOST_TOKENS = 2 ** 20;

/** Works in chunks: one write, all the ops, one readback. */
export class ChunkRunner implements Disposable {
  /** The most pieces of work that a chunk may hold. */
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
   * Trains on each minibatch in turn, or measures it; at most `capacity` of them. All
   * ops are queued at once, before the results are waited for.
   *
   * @param updates How many updates there were before.
   * @param after Called when all ops of a minibatch are queued, with its place in
   * the chunk, from 0 on; where it says false, those behind it are left out.
   * @returns The results of those that were queued; a measured one has no norm.
   */
  run(
    chunk: readonly Work[],
    updates: number,
    after: (index: number) => boolean = () => true,
  ): Promise<MinibatchResult[]> {
    const { numSteps: T, batchSize: B } = this.#training;
    const values = new Uint32Array(chunk.length * 2 * T * B);
    chunk.forEach(({ minibatch }, i) => {
      values.set(minibatch.inputs, 2 * i * T * B);
      values.set(minibatch.targets, (2 * i + 1) * T * B);
    });
    this.#backend.write(this.#ids.view(0, [chunk.length, 2, T, B]), values);
    let count = 0;
    for (const work of chunk) {
      if (isTrainedOn(work)) updates++;
      this.#queue(work, count, updates);
      if (!after(count++)) break;
    }
    return this.#read(chunk.slice(0, count));
  }

  /** Queues the ops of one piece of work. */
  #queue(work: Work, index: number, updates: number): void {
    const { batchSize: B, seed, resetState } = this.#training;
    const { minibatch: { numSteps, continues }, epoch } = work;
    const model = this.#model;
    const [inputs, targets] = [0, 1].map((part) =>
      this.#ids.at(index).at(part).view(0, [numSteps, B])
    );
    const [loss, norm] = [0, 1].map((part) => this.#results.at(index).at(part));
    if (!isTrainedOn(work)) {
      if (!continues) model.resetState();
      model.advance(inputs);
      model.loss(targets, loss);
      model.carryState();
      return;
    }
    const { learningRate, index: minibatch } = work;
    if (resetState || !continues) model.resetState();
    model.advance(inputs, { seed, epoch, minibatch });
    model.loss(targets, loss);
    model.backward(inputs);
    this.#optimizer.update(norm, { learningRate, updates });
    model.carryState(norm);
  }

  async #read(chunk: readonly Work[]): Promise<MinibatchResult[]> {
    const results = await this.#backend.read(
      this.#results.view(0, [chunk.length, 2]),
    );
    return chunk.map((work, i) => ({
      loss: results[2 * i],
      norm: isTrainedOn(work) ? results[2 * i + 1] : NaN,
    }));
  }

  [Symbol.dispose](): void {
    this.#allocation[Symbol.dispose]();
  }
}
