/**
 * The loop of training, from any point of it on.
 *
 * @module
 */

import type { Backend, Tensor } from "../backend/backend.ts";
import type { ModelConfig } from "../model/config.ts";
import { LanguageModel } from "../model/language_model.ts";
import type { Parameters } from "../model/parameters.ts";
import { partition } from "../partition.ts";
import type { Corpus } from "../text/corpus.ts";
import { BestModel } from "./best.ts";
import type { Checkpoint, TrainedModel } from "./checkpoint.ts";
import { ChunkRunner } from "./chunk_runner.ts";
import { measure } from "./evaluation.ts";
import {
  type CheckpointEvent,
  DivergenceError,
  type TrainEvent,
} from "./events.ts";
import { learningRateAt } from "./learning_rate.ts";
import { Optimizer } from "./optimizer.ts";
import { type Clock, monotonicClock, Pace } from "./pace.ts";
import {
  afterEpoch,
  afterMinibatches,
  divergence,
  firstPosition,
  MOST_SKIPPED,
  type Position,
  resumedFrom,
} from "./position.ts";
import type { Progress } from "./progress.ts";
import {
  isDue,
  schedule,
  type ScheduledMinibatch,
  takeChunk,
} from "./schedule.ts";
import { isEnded, type TrainingRecord } from "./settings.ts";
import type { MinibatchResult, ResumeData } from "./resume_data.ts";

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

/** What changes no result: when something is yielded, and when to end early. */
export interface Loop {
  readonly checkpointEvery: number;
  readonly checkpointSeconds: number;
  readonly sampleEvery: number;
  readonly progress: boolean;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

/** Trains from `start` to the last epoch, or until the signal. */
export async function* runTraining(
  corpus: Corpus,
  backend: Backend,
  start: Start,
  loop: Loop,
): AsyncGenerator<TrainEvent, void> {
  using trainer = new Trainer(corpus, backend, start, loop);
  yield* trainer.run();
}

/** A chunk of minibatches that were trained on. */
interface TrainedChunk {
  readonly results: readonly MinibatchResult[];
  /** Which copy there is of the model at the end of an epoch, by place in the chunk. */
  readonly copies: ReadonlyMap<number, number>;
  /** How long each minibatch took. */
  readonly secondsEach: number;
}

/** A model in training: what is on the device, and the loop over its minibatches. */
class Trainer implements Disposable {
  readonly #corpus: Corpus;
  readonly #backend: Backend;
  readonly #start: Start;
  readonly #loop: Loop;
  readonly #clock: Clock;
  readonly #resources = new DisposableStack();
  readonly #model: LanguageModel;
  readonly #optimizer: Optimizer;
  readonly #runner: ChunkRunner;
  readonly #best: BestModel<Position, Checkpoint>;
  readonly #pace: Pace;
  /** Parameters, states, the optimizer's moments. */
  readonly #tensors: readonly Tensor[];
  /** When the last checkpoint was given. */
  #saved: number;

  constructor(corpus: Corpus, backend: Backend, start: Start, loop: Loop) {
    const { config, training, resumeData } = start;
    const { batchSize, numSteps, dropout } = training;
    this.#corpus = corpus;
    this.#backend = backend;
    this.#start = start;
    this.#loop = loop;
    this.#clock = loop.clock ?? monotonicClock;
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
        (position, tensors) => this.#checkpoint(position, tensors),
      ),
    );
    this.#pace = new Pace(this.#clock, { limit: this.#runner.capacity });
    this.#saved = this.#clock();
    this.#resources.use(cleanup.move()); // nothing failed
  }

  /** Trains to the last epoch, or until the signal. */
  async *run(): AsyncGenerator<TrainEvent, void> {
    const { training } = this.#start;
    const tokensEach = training.batchSize * training.numSteps;
    let position = firstPosition(this.#start, tokensEach);
    // It may have been stopped between an epoch's last minibatch and its end.
    if (this.#isAtEndOfEpoch(position) && !this.#isDone(position)) {
      position = yield* this.#endEpoch(position);
    }
    const { ids } = this.#corpus;
    const minibatches = schedule(ids, training, position.progress);
    while (!this.#isDone(position) && !this.#loop.signal?.aborted) {
      const chunk = takeChunk(minibatches, this.#pace.size, this.#boundaries());
      position = yield* this.#train(chunk, position);
      const { progress: isWanted, checkpointSeconds: every } = this.#loop;
      const last = chunk[chunk.length - 1];
      if (isWanted && !last.endsEpoch) {
        const { progress, sums: { loss, tokensPerSecond } } = position;
        const { count } = last;
        yield { type: "progress", progress, count, loss, tokensPerSecond };
      }
      const isSaveDue = every > 0 &&
        this.#clock() - this.#saved >= 1000 * every;
      if (isSaveDue && !this.#isDone(position)) {
        yield* this.#checkpoints("due", position);
      }
      await this.#pace.turn();
    }
    if (!this.#isDone(position)) yield* this.#checkpoints("stopped", position);
  }

  /** Frees all that is on the device. */
  [Symbol.dispose](): void {
    this.#resources.dispose();
  }

  /** Trains on a chunk, and ends the epochs that end in it. */
  async *#train(
    chunk: readonly ScheduledMinibatch[],
    position: Position,
  ): AsyncGenerator<TrainEvent, Position> {
    const { results, copies, secondsEach } = await this.#run(chunk, position);
    const { counted, at } = divergence(results, position.skippedInRow);
    for (let begin = 0, end: number; begin < counted; begin = end) {
      const { length } = results;
      const last = chunk.findIndex((one, i) => i >= begin && one.endsEpoch);
      end = Math.min(counted, last < 0 ? length : last + 1);
      const seconds = (end - begin) * secondsEach;
      const part = results.slice(begin, end);
      position = afterMinibatches(position, part, seconds);
      const isLastCounted = at !== undefined && end === counted;
      if (chunk[end - 1].endsEpoch && !isLastCounted) {
        position = yield* this.#endEpoch(position, copies.get(end - 1));
      }
    }
    if (at === undefined) return position;
    yield* this.#checkpoints("diverged", position);
    throw divergenceError(chunk[at]);
  }

  async #run(
    chunk: readonly ScheduledMinibatch[],
    { updates }: Position,
  ): Promise<TrainedChunk> {
    const copies = new Map<number, number>();
    const copyEnd = (index: number) => {
      if (!chunk[index].endsEpoch || index === chunk.length - 1) return;
      this.#best.copyEnd(copies.size);
      copies.set(index, copies.size);
    };
    const { result: results, milliseconds } = await this.#pace.timed(
      () => this.#runner.run(chunk, updates, copyEnd),
    );
    const secondsEach = milliseconds / 1000 / chunk.length;
    return { results, copies, secondsEach };
  }

  /**
   * What follows the last minibatch of an epoch; nothing if the signal comes first.
   *
   * @param copy Which copy there is of the model as it was then; without it, the
   * model is still so.
   */
  async *#endEpoch(
    before: Position,
    copy?: number,
  ): AsyncGenerator<TrainEvent, Position> {
    const { config, training } = this.#start;
    const { tokenizer, vocabulary } = this.#corpus;
    const validation = await this.#validate();
    if (validation === "stopped") return before;
    const position = afterEpoch(before, validation);
    const { epochs: epoch } = position.progress;
    if (position.best?.epoch === epoch) await this.#best.keep(position, copy);
    const { summary } = before.sums;
    const part = 1 / summary.losses.length;
    const learningRate = learningRateAt(training, epoch - part, part);
    yield { type: "epoch", epoch, ...summary, learningRate, validation };
    const isLast = this.#isDone(position);
    const { sampleEvery, checkpointEvery } = this.#loop;
    if (sampleEvery > 0 && (isLast || isDue(epoch, sampleEvery))) {
      const parameters = await this.#model.read();
      const model: TrainedModel = { config, parameters, tokenizer, vocabulary };
      yield { type: "sample", epoch, model, isLast };
    }
    if (isLast) yield* this.#checkpoints("last", position);
    else if (isDue(epoch, checkpointEvery)) {
      yield* this.#checkpoints("due", position);
    }
    return position;
  }

  /** How well the text held out is predicted, if there is one. */
  async #validate() {
    const { validation } = this.#corpus;
    if (!validation) return undefined;
    const { batchSize, numSteps } = this.#start.training;
    return await measure(this.#model, this.#backend, validation, {
      batchSize,
      numSteps,
      clock: this.#clock,
      signal: this.#loop.signal,
    }) ?? "stopped";
  }

  /** The best model, if it was not given yet, then the model as it is. */
  async *#checkpoints(
    reason: CheckpointEvent["reason"],
    position: Position,
  ): AsyncGenerator<CheckpointEvent, void> {
    this.#saved = this.#clock();
    const type = "checkpoint";
    const best = await this.#best.take();
    if (best) yield { type, reason: "best", checkpoint: best };
    const checkpoint = await this.#checkpoint(position, this.#tensors);
    yield { type, reason, checkpoint };
  }

  /** A position with its tensors read back: the trainer's, or copies of them. */
  async #checkpoint(
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

  #isDone({ progress, best }: Position): boolean {
    return isEnded(this.#start.training, progress.epochs, best);
  }

  #isAtEndOfEpoch({ progress }: Position): boolean {
    const { training } = this.#start;
    const { count } = partition(this.#corpus.ids, {
      ...training,
      offset: training.offset ?? undefined,
      epoch: progress.epochs,
    });
    return progress.minibatches === count;
  }

  /** Whether a chunk is not to go on behind the end of an epoch. */
  #boundaries(): (epochs: number) => boolean {
    const { checkpointEvery, sampleEvery } = this.#loop;
    let ends = 0;
    return (epochs) =>
      ++ends > this.#best.capacity || this.#corpus.validation !== undefined ||
      isDue(epochs, checkpointEvery) || isDue(epochs, sampleEvery);
  }
}

function divergenceError(
  { epoch, index }: ScheduledMinibatch,
): DivergenceError {
  return new DivergenceError(
    `Training diverged in epoch ${epoch + 1}, minibatch ${index + 1}: the ` +
      `gradient was not finite ${MOST_SKIPPED} times in a row. Use a smaller ` +
      `learning rate, or clip the gradients`,
  );
}
