/**
 * What a training has on its device: the model, its optimizer, copies of the best.
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
import { measure, type Prediction } from "./evaluation.ts";
import { Optimizer } from "./optimizer.ts";
import type { Clock } from "./pace.ts";
import { type Position, resumedFrom } from "./position.ts";
import type { Progress } from "./progress.ts";
import type { MinibatchResult, ResumeData } from "./resume_data.ts";
import type { ScheduledMinibatch } from "./schedule.ts";
import type { TrainingRecord } from "./settings.ts";

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

/** A chunk of minibatches that were trained on. */
export interface TrainedChunk {
  readonly results: readonly MinibatchResult[];
  /** Which copy there is of the model at the end of an epoch, by place in the chunk. */
  readonly copies: ReadonlyMap<number, number>;
}

/** A model in training on a device. */
export class ModelInTraining implements Disposable {
  readonly #corpus: Corpus;
  readonly #backend: Backend;
  readonly #start: Start;
  readonly #resources = new DisposableStack();
  readonly #model: LanguageModel;
  readonly #optimizer: Optimizer;
  readonly #runner: ChunkRunner;
  readonly #best: BestModel<Position, Checkpoint>;
  /** Parameters, states, the optimizer's moments. */
  readonly #tensors: readonly Tensor[];

  constructor(corpus: Corpus, backend: Backend, start: Start) {
    const { config, training, resumeData } = start;
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
    model.write(start.parameters());
    if (resumeData) {
      model.writeStates(resumeData.states);
      optimizer.write(resumeData.moments);
    }
    this.#model = model;
    this.#optimizer = optimizer;
    this.#tensors = [model.parameters, model.states, ...optimizer.moments];
    this.#best = cleanup.use(
      new BestModel(
        backend,
        this.#tensors,
        (position, tensors) => this.#read(position, tensors),
      ),
    );
    this.#resources.use(cleanup.move()); // nothing failed
  }

  /** The most minibatches of a chunk. */
  get capacity(): number {
    return this.#runner.capacity;
  }

  /** How many epochs may end in a chunk, the chunk's last minibatch left out. */
  get mostEnds(): number {
    return this.#best.capacity;
  }

  /** Trains on a chunk; copies the model at each end of an epoch but the chunk's. */
  async run(
    chunk: readonly ScheduledMinibatch[],
    updates: number,
  ): Promise<TrainedChunk> {
    const copies = new Map<number, number>();
    const results = await this.#runner.run(chunk, updates, (index) => {
      if (!chunk[index].endsEpoch || index === chunk.length - 1) return;
      this.#best.copyEnd(copies.size);
      copies.set(index, copies.size);
    });
    return { results, copies };
  }

  /**
   * Measures how well the text held out is predicted; undefined where there is none.
   *
   * @returns `stopped` if the signal was given before the end.
   */
  async validate(
    clock: Clock,
    signal: AbortSignal | undefined,
  ): Promise<Prediction | "stopped" | undefined> {
    const { validation } = this.#corpus;
    if (!validation) return undefined;
    const { batchSize, numSteps } = this.#start.training;
    const options = { batchSize, numSteps, clock, signal };
    const prediction = await measure(
      this.#model,
      this.#backend,
      validation,
      options,
    );
    return prediction ?? "stopped";
  }

  /**
   * Keeps the model as the best.
   *
   * @param copy Which copy of it that is; without it, the model as it is now.
   */
  async keepBest(position: Position, copy?: number): Promise<void> {
    await this.#best.keep(position, copy);
  }

  /** The best model since it was last taken, if there is one. */
  async takeBest(): Promise<Checkpoint | undefined> {
    return await this.#best.take();
  }

  /** The model as it is, to be used. */
  async trainedModel(): Promise<TrainedModel> {
    const { tokenizer, vocabulary } = this.#corpus;
    const parameters = await this.#model.read();
    return { config: this.#start.config, parameters, tokenizer, vocabulary };
  }

  /** The model as it is, with all that resuming needs. */
  async checkpoint(position: Position): Promise<Checkpoint> {
    return await this.#read(position, this.#tensors);
  }

  /** Frees all tensors. */
  [Symbol.dispose](): void {
    this.#resources.dispose();
  }

  /** A checkpoint from the model's tensors, or from copies of them. */
  async #read(
    position: Position,
    [weights, carried, ...moved]: readonly Tensor[],
  ): Promise<Checkpoint> {
    const { config, corpus, training } = this.#start;
    const { tokenizer, vocabulary } = this.#corpus;
    const [parameters, states, moments] = await Promise.all([
      this.#model.read(weights),
      this.#model.readStates(carried),
      this.#optimizer.read(moved),
    ]);
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
}
