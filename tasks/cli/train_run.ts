/**
 * One training run: its events to files and to the terminal.
 *
 * @module
 */

import type { Backend } from "../../lib/backend/backend.ts";
import type { Corpus } from "../../lib/tokenize.ts";
import type { Checkpoint } from "../../lib/training/checkpoint.ts";
import type {
  CheckpointEvent,
  EpochEvent,
  SampleEvent,
  TrainEvent,
} from "../../lib/training/events.ts";
import { shellQuoted } from "./command_line.ts";
import { perplexityText, speedText } from "./describe.ts";
import { EXIT, TaskError } from "./exit.ts";
import type { HeldRun } from "./held_run.ts";
import { type Interruption, interruption } from "./interrupt.ts";
import { RunRecord } from "./run_record.ts";
import { describeError } from "./run_task.ts";
import { Sampler } from "./sampler.ts";
import { jsonLine, out, say, stdout } from "./terminal.ts";
import { TrainingDisplay } from "./training_display.ts";
import { TroubleWatch } from "./trouble.ts";

/** How long pictures are waited for: at the end, and where somebody wants to go. */
const PATIENCE = { done: 15_000, stopped: 2000 };

/** What a run is shown and kept by. */
export interface RunOptions {
  readonly corpus: Corpus;
  readonly backend: Backend;
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
  readonly saved?: Checkpoint;
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
  /** What was saved last. */
  #saved?: Checkpoint;
  #best?: Checkpoint;
  #last?: EpochEvent;
  #texts: Record<string, string> = {};
  #time = { tokens: 0, seconds: 0 };

  constructor(run: HeldRun, options: RunOptions) {
    this.#run = run;
    this.#options = options;
    this.#saved = options.saved;
    this.#samples = new Sampler(options.corpus, options.backend);
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
    const { json, backend } = this.#options;
    switch (event.type) {
      case "progress":
        this.#display!.progress(event);
        break;
      case "epoch": {
        this.#last = event;
        const { tokens, seconds } = this.#time;
        this.#time = {
          tokens: tokens + event.tokensPerSecond * event.seconds,
          seconds: seconds + event.seconds,
        };
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
    await this.#record!.sync(); // the lines of its epochs are on the disk before it
    if (reason === "best") {
      await this.#run.saveBest(checkpoint);
      this.#best = checkpoint;
    } else {
      await this.#run.save(checkpoint);
      this.#saved = checkpoint;
    }
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
    if (reason === "stopped") {
      stdout.failure.throwIfAborted();
      await this.#record!.finish(this.#saved, PATIENCE.stopped);
      const at = this.#saved.progress.epochs + 1;
      say(
        `stopped in epoch ${at} of ${this.#options.epochs}, and saved. ` +
          this.#goOn(),
      );
      return (interruption().reason as Interruption).exitCode;
    }
    await this.#record!.finish(this.#saved, PATIENCE.done);
    this.#sayEnding();
    say(`${this.#run.paths.report} shows how it went`);
    this.#printResults();
    return 0;
  }

  #sayEnding(): void {
    const { corpus, epochs, hasBest } = this.#options;
    const { progress, state, training } = this.#saved!;
    if (progress.epochs >= epochs) return;
    const { best } = state!;
    const { paths } = this.#run;
    say(
      (best
        ? `no better since epoch ${best.epoch}`
        : `the loss of the held-out text was never finite`) +
        `: ended after ${progress.epochs} of ${epochs} epochs ` +
        `(--patience ${training.patience})` +
        (best && corpus.validation && (this.#best || hasBest)
          ? `; the best model is ${paths.best}`
          : ""),
    );
  }

  #printResults(): void {
    const { json, backend } = this.#options;
    const { perplexity, validation } = this.#last!;
    const { tokens, seconds } = this.#time;
    const tokensPerSecond = seconds > 0 ? tokens / seconds : undefined;
    const device = backend.description;
    out(
      json
        ? jsonLine({
          run: this.#run.paths.name,
          checkpoint: this.#run.paths.checkpoint,
          perplexity,
          ...validation && { validation_perplexity: validation.perplexity },
          tokens_per_second: tokensPerSecond,
          device,
          samples: this.#texts,
        })
        : `perplexity ${perplexityText(perplexity)}, ` +
          (validation
            ? `validation perplexity ${perplexityText(validation.perplexity)}, `
            : "") +
          `${speedText(tokensPerSecond ?? NaN)} on ${device}`.trim() + "\n" +
          Object.values(this.#texts).map((sample) => `${sample}\n`).join(""),
    );
  }

  /** The error with what is kept; a run that holds nothing of worth is removed. */
  async #explained(error: unknown): Promise<unknown> {
    const { code, message } = describeError(error);
    const { saved } = this.#options;
    // It was refused before anything was done.
    if (saved && saved === this.#saved && code === EXIT.input) return error;
    if (this.#saved) {
      // If it can still be written, it shows how far training came.
      await this.#record?.finish(this.#saved, PATIENCE.stopped).catch(() => {});
      const { epochs, minibatches } = this.#saved.progress;
      const what = minibatches > 0
        ? `${epochs} epochs and ${minibatches} minibatches of the next are`
        : epochs === 1
        ? "1 epoch is"
        : `${epochs} epochs are`;
      const text = `${message}. What is saved: ${what} in ` +
        `${this.#run.paths.checkpoint}${this.#bestText(code)}. ` +
        this.#goOn(...remedy(code, this.#saved));
      if (code === EXIT.brokenPipe) say(text);
      return new TaskError(code, text);
    }
    const removed = await this.#run.discard();
    return new TaskError(
      code,
      `${message}. ` +
        (removed
          ? `Nothing had been saved, so that the run ${this.#run.paths.name} is ` +
            `removed`
          : `What the run held before is kept`),
    );
  }

  /** Where a training that came to nothing was best. */
  #bestText(code: number): string {
    const best = this.#saved?.state?.best;
    const isThere = this.#best !== undefined || this.#options.hasBest;
    if (code !== EXIT.diverged || !best || !isThere) return "";
    return `, and the best model, of epoch ${best.epoch}, in ` +
      `${this.#run.paths.best} (--init-from begins with it)`;
  }

  #goOn(...flags: string[]): string {
    const { name } = this.#run.paths;
    const words = ["deno", "task", "train", "--resume", "--run", name];
    return `Go on with: ${shellQuoted([...words, ...flags])}`;
  }
}

/** Flags that may help after an error of this kind. */
function remedy(code: number, { training }: Checkpoint): string[] {
  if (code === EXIT.device) return ["--device", "cpu"];
  if (code !== EXIT.diverged) return [];
  return [
    "--learning-rate",
    String(Number((training.learningRate / 10).toPrecision(3))),
  ];
}
