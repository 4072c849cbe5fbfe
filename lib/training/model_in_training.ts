/**
 * What a training has on its device: the model, its optimizer, snapshots of both.
 *
 * @module
 */

import type { Backend, Tensor } from "../backend/backend.ts";
import type { ModelConfig } from "../model/config.ts";
import { LanguageModel } from "../model/language_model.ts";
import type { Parameters } from "../model/parameters.ts";
import type { Corpus } from "../text/corpus.ts";
import { BestModel } from "./best.ts";
import type { Checkpoint, TrainedModel } from "./checkpoint.ts";
import { ChunkRunner } from "./chunk_runner.ts";
import { Optimizer } from "./optimizer.ts";
import { type Position, resumedFrom } from "./position.ts";
import type { Progress } from "./progress.ts";
import type { MinibatchResult, ResumeData } from "./resume_data.ts";
import type { Work } from "./schedule.ts";
import type { TrainingRecord } from "./settings.ts";
import { type Snapshot, Snapshots } from "./snapshot.ts";

/** Where training starts: at its beginning, or where it was stopped. */
export interface Start {
  readonly config: ModelConfig;
  readonly training: TrainingRecord;
  /** What a checkpoint says of the corpus. */
  readonly corpus: Checkpoint["corpus"];
  /** Called once there is room for them on the device. */
  readonly parameters: () => Parameters;
  readonly progress: Progress;
  readonly loss: number;
  readonly validationLoss: number;
  readonly resumeData?: ResumeData;
}

/** A start where a checkpoint was made. */
export function startFrom(checkpoint: Checkpoint): Start {
  return { ...checkpoint, parameters: () => checkpoint.parameters };
}

/** The numbers of a model in training, in memory. */
export type Weights =
  & Pick<Checkpoint, "parameters">
  & Pick<ResumeData, "states" | "moments">;

/** A model in training on a device. */
export class ModelInTraining implements Disposable {
  readonly #corpus: Corpus;
  readonly #backend: Backend;
  readonly #start: Start;
  readonly #resources = new DisposableStack();
  readonly #model: LanguageModel;
  readonly #optimizer: Optimizer;
  readonly #runner: ChunkRunner;
  /** Parameters, states, the optimizer's moments. */
  readonly #tensors: readonly Tensor[];
  readonly #snapshots: Snapshots;
  readonly #best: BestModel<Position, Checkpoint>;

  constructor(corpus: Corpus, backend: Backend, start: Start) {
    const { config, training } = start;
    const { batchSize, numSteps, dropout } = training;
    this.#corpus = corpus;
    this.#backend = backend;
    this.#start = start;
    using cleanup = new DisposableStack();
    const options = { batchSize, numSteps, trains: true, dropout };
    const model = cleanup.use(new LanguageModel(backend, config, options));
    const optimizer = cleanup.use(new Optimizer(backend, model, training));
    this.#runner = cleanup.use(
      new ChunkRunner(backend, model, optimizer, training),
    );
    this.#model = model;
    this.#optimizer = optimizer;
    this.#tensors = [model.parameters, model.states, ...optimizer.moments];
    this.#snapshots = cleanup.use(new Snapshots(backend, this.#tensors));
    this.#best = new BestModel(
      this.#snapshots,
      async (position, snapshot) =>
        this.checkpoint(position, await this.weights(snapshot)),
    );
    this.restore(start);
    this.#resources.use(cleanup.move()); // nothing failed
  }

  /** The most pieces of work in a chunk. */
  get capacity(): number {
    return this.#runner.capacity;
  }

  /** How many snapshots can be taken until one is released or kept as the best. */
  get roomAhead(): number {
    return this.#best.roomAhead;
  }

  /** Makes the model what it is at a start. */
  restore({ parameters, resumeData }: Start): void {
    this.#model.write(parameters());
    if (resumeData) {
      this.#model.writeStates(resumeData.states);
      this.#optimizer.write(resumeData.moments);
    } else {
      const [, ...others] = this.#tensors;
      for (const tensor of others) this.#backend.ops.fill({ tensor, value: 0 });
    }
  }

  /** Queues a chunk of work, as `ChunkRunner` does. */
  run(
    chunk: readonly Work[],
    updates: number,
    after?: (index: number) => boolean,
  ): Promise<MinibatchResult[]> {
    return this.#runner.run(chunk, updates, after);
  }

  /** A snapshot of the model; undefined where the device may have no room for it. */
  snapshot(): Snapshot | undefined {
    return this.roomAhead > 0 ? this.#snapshots.take() : undefined;
  }

  /** Gives a snapshot back that was not kept as the best. */
  release(snapshot: Snapshot): void {
    this.#snapshots.release(snapshot);
  }

  /** Keeps a snapshot or, without one, the model as it is now as the best. */
  async keepBest(position: Position, snapshot?: Snapshot): Promise<void> {
    await this.#best.keep(position, snapshot);
  }

  /** The best model since it was last taken, if there is one. */
  async takeBest(): Promise<Checkpoint | undefined> {
    return await this.#best.take();
  }

  /** Reads the numbers of a snapshot or, without one, of the model as it is now. */
  async weights({ tensors }: Snapshot = this.#now): Promise<Weights> {
    const [weights, carried, ...moved] = tensors;
    const [parameters, states, moments] = await Promise.all([
      this.#model.read(weights),
      this.#model.readStates(carried),
      this.#optimizer.read(moved),
    ]);
    return { parameters, states, moments };
  }

  /** The model of a snapshot or, without one, as it is now, to be used. */
  async trainedModel({ tensors }: Snapshot = this.#now): Promise<TrainedModel> {
    const { tokenizer, vocabulary } = this.#corpus;
    const parameters = await this.#model.read(tensors[0]);
    return { config: this.#start.config, parameters, tokenizer, vocabulary };
  }

  /** A model with all that resuming needs. */
  checkpoint(position: Position, weights: Weights): Checkpoint {
    const { config, corpus, training } = this.#start;
    const { tokenizer, vocabulary } = this.#corpus;
    const { parameters, states, moments } = weights;
    return {
      config,
      parameters,
      tokenizer,
      vocabulary,
      corpus,
      training,
      progress: position.progress,
      loss: position.loss,
      validationLoss: position.validationLoss,
      provenance: `weena on ${this.#backend.description}`,
      resumeData: { ...resumedFrom(position), states, moments },
    };
  }

  /** Frees all tensors. */
  [Symbol.dispose](): void {
    this.#resources.dispose();
  }

  get #now(): Snapshot {
    return { tensors: this.#tensors };
  }
}
