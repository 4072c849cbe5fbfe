/**
 * One training run: its events to files and to the terminal.
 *
 * @module
 */

import type { Corpus } from "../../lib/text/corpus.ts";
import type { Checkpoint } from "../../lib/training/checkpoint.ts";
import type {
  CheckpointEvent,
  EpochEvent,
  SampleEvent,
  TrainEvent,
} from "../../lib/training/events.ts";
import { meanSpeed } from "../../lib/training/metrics.ts";
import { EXIT, TaskError } from "./exit.ts";
import type { HeldRun } from "./held_run.ts";
import { type Interruption, interruption } from "./interrupt.ts";
import { RunRecord } from "./run_record.ts";
import { describeError } from "./run_task.ts";
import { Sampler } from "./sampler.ts";
import { out, say, stdout } from "./terminal.ts";
import {
  goOnText,
  keptText,
  patienceText,
  resultsJson,
  resultsText,
  type Saved,
  savedOf,
} from "./training_outcome.ts";
import type { TrainingDevice } from "./training_device.ts";
import { TrainingDisplay } from "./training_display.ts";
import { TroubleWatch } from "./trouble.ts";

/** How long pictures are waited for: at the end, and where somebody wants to go. */
const PICTURES_WAIT = { done: 15_000, stopped: 2000 };

/** How often a save is tried where its folder goes again and again. */
const MOST_TRIES = 5;

/** What a run is shown and kept by. */
export interface RunOptions {
  readonly corpus: Corpus;
  readonly device: TrainingDevice;
  readonly epochs: number;
  /** How many are done already. */
  readonly done: number;
  /** The learning rate that warm-up leads to. */
  readonly learningRate: number;
  /** Prints metrics as JSON on stdout. */
  readonly json: boolean;
  /** The command line that this is. */
  readonly command: string;
  /** What is saved already, where a run is resumed, and whether its best model is. */
  readonly saved?: Saved;
  readonly hasBest?: boolean;
}

/**
 * Keeps a run's files, and prints how it goes; the exit code.
 *
 * However training ends, by a signal, a pipe that nobody reads, a full disk or any
 * other error, what can be saved is saved, and it is said what that is.
 *
 * @param begin Starts the training, which the signal is to stop.
 * @throws {TaskError} If it does not end well; the message says what is kept.
 */
export async function trainRun(
  run: HeldRun,
  begin: (signal: AbortSignal) => AsyncIterable<TrainEvent>,
  options: RunOptions,
): Promise<number> {
  const training = new RunInTraining(run, options);
  try {
    return await training.run(begin);
  } finally {
    training[Symbol.dispose]();
  }
}

class RunInTraining implements Disposable {
  readonly #run: HeldRun;
  readonly #options: RunOptions;
  readonly #samples: Sampler;
  #record?: RunRecord;
  #display?: TrainingDisplay;
  /** What was saved last, and whether that was by this training. */
  #saved?: Saved;
  #isSaved = false;
  /** The best model that is not saved yet, and whether one is. */
  #best?: Checkpoint;
  #hasBest = false;
  #last?: EpochEvent;
  #texts: Record<string, string> = {};
  /** The epochs of this training, for their speed. */
  readonly #epochs: { seconds: number; tokensPerSecond: number }[] = [];

  constructor(run: HeldRun, options: RunOptions) {
    this.#run = run;
    this.#options = options;
    this.#saved = options.saved;
    this.#hasBest = options.hasBest ?? false;
    this.#samples = new Sampler(options.corpus, options.device);
  }

  async run(
    begin: (signal: AbortSignal) => AsyncIterable<TrainEvent>,
  ): Promise<number> {
    const failed = new AbortController();
    const stops = [interruption(), stdout.failure, failed.signal];
    let failure: unknown, reason: CheckpointEvent["reason"] | undefined;
    const fail = (error: unknown) => {
      failure ??= error;
      failed.abort(); // training ends with a checkpoint, and that is saved
    };
    try {
      const { done, command, epochs, learningRate, corpus } = this.#options;
      this.#record = await RunRecord.open(this.#run, done, command);
      const before = this.#record.perplexities();
      this.#display = new TrainingDisplay(epochs, before);
      const size = corpus.vocabulary.tokens.length;
      const trouble = new TroubleWatch(size, learningRate, before);
      for await (const event of begin(AbortSignal.any(stops))) {
        if (event.type === "checkpoint") reason = event.reason;
        try {
          await this.#take(event);
        } catch (error) {
          fail(error);
        }
        if (event.type !== "epoch") continue;
        const advice = trouble.epoch(event, event.epoch === epochs);
        if (advice !== undefined) say(advice);
      }
    } catch (error) {
      fail(error);
    } finally {
      this.#display?.end();
    }
    if (failure === undefined) {
      try {
        return await this.#end(reason);
      } catch (error) {
        fail(error);
      }
    }
    throw await this.#explained(failure);
  }

  [Symbol.dispose](): void {
    this.#record?.[Symbol.dispose]();
  }

  async #take(event: TrainEvent): Promise<void> {
    const { json, device: { backend } } = this.#options;
    switch (event.type) {
      case "progress":
        this.#display!.progress(event);
        break;
      case "epoch": {
        this.#last = event;
        const { seconds, tokensPerSecond } = event;
        this.#epochs.push({ seconds, tokensPerSecond });
        const line = await this.#record!.epoch(event, backend.description);
        if (json) out(line);
        this.#display!.epoch(event);
        break;
      }
      case "checkpoint":
        await this.#save(event);
        break;
      case "sample":
        await this.#sample(event);
    }
  }

  async #save({ reason, checkpoint }: CheckpointEvent): Promise<void> {
    if (reason === "best") {
      this.#best = checkpoint; // it is saved with the one that follows
      return;
    }
    for (let tries = 1;; tries++) {
      try {
        return await this.#saveBoth(checkpoint);
      } catch (error) {
        // The folder may go in the midst of it: then it is made anew.
        if (tries === MOST_TRIES || this.#run.isInPlace()) throw error;
      }
    }
  }

  /**
   * Saves a checkpoint, and before it the best model, which its state speaks of: if
   * one of them cannot be written, both are tried again with the next.
   */
  async #saveBoth(checkpoint: Checkpoint): Promise<void> {
    // The lines of its epochs are on the disk before it.
    const isMoved = await this.#record!.sync();
    if (isMoved && this.#hasBest && !this.#best) {
      this.#hasBest = false;
      say(
        "note: the best model was in it; the next model that is better " +
          "will be kept",
      );
    }
    if (this.#best) {
      await this.#run.saveBest(this.#best);
      this.#best = undefined;
      this.#hasBest = true;
    }
    await this.#run.save(checkpoint);
    this.#saved = savedOf(checkpoint);
    this.#isSaved = true;
  }

  async #sample({ epoch, model, isLast }: SampleEvent): Promise<void> {
    const texts = await this.#samples.continue(model, isLast);
    for (const [prefix, text] of texts) {
      this.#record!.sample({ epoch, prefix, text });
    }
    const [first] = texts.values();
    if (first !== undefined) this.#display!.sample(epoch, first);
    if (isLast) this.#texts = Object.fromEntries(texts);
  }

  /** What is said and written when training has come to its end, or was stopped. */
  async #end(reason: CheckpointEvent["reason"] | undefined): Promise<number> {
    if (!this.#saved || reason === undefined) return 0;
    const { paths } = this.#run;
    if (reason === "stopped") {
      stdout.failure.throwIfAborted();
      await this.#record!.finish(this.#saved, PICTURES_WAIT.stopped);
      const at = this.#saved.progress.epochs + 1;
      say(
        `stopped in epoch ${at} of ${this.#options.epochs}, and saved. ` +
          goOnText(paths.name),
      );
      return (interruption().reason as Interruption).exitCode;
    }
    await this.#record!.finish(this.#saved, PICTURES_WAIT.done);
    const early = patienceText(this.#saved, this.#bestPath());
    if (early !== undefined) say(early);
    say(`${paths.report} shows how it went`);
    const tokensPerSecond = meanSpeed(this.#epochs);
    const results = {
      paths,
      last: this.#last!,
      tokensPerSecond: Number.isNaN(tokensPerSecond)
        ? undefined
        : tokensPerSecond,
      device: this.#options.device.backend.description,
      samples: this.#texts,
    };
    out(this.#options.json ? resultsJson(results) : resultsText(results));
    return 0;
  }

  /** The error with what is kept; a run that holds nothing of worth is removed. */
  async #explained(error: unknown): Promise<unknown> {
    const { code, message } = describeError(error);
    // It was refused before anything was done.
    if (this.#options.saved && !this.#isSaved && code === EXIT.input) {
      return error;
    }
    const what = message.replace(/\.$/, "");
    if (this.#saved) {
      // If it can still be written, it shows how far training came.
      await this.#record?.finish(this.#saved, PICTURES_WAIT.stopped).catch(
        () => {},
      );
      const { paths } = this.#run;
      const kept = keptText(code, this.#saved, paths, this.#bestPath());
      if (code === EXIT.brokenPipe) say(`${what}. ${kept}`);
      return new TaskError(code, `${what}. ${kept}`);
    }
    const { name } = this.#run.paths;
    return new TaskError(
      code,
      await this.#run.discard()
        ? `${what}. Nothing had been saved, so the run ${name} is removed`
        : `${what}. The run ${name} is kept as it is`,
    );
  }

  /** Where the best model is, if it is there. */
  #bestPath(): string | undefined {
    return this.#hasBest ? this.#run.paths.best : undefined;
  }
}
