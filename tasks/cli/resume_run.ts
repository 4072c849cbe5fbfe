/**
 * Going on with a run that was stopped, or that had ended.
 *
 * @module
 */

import type { DeviceName } from "../../lib/backend/open.ts";
import { partition } from "../../lib/partition.ts";
import {
  resume,
  resumedSettings,
  type ResumeOptions,
} from "../../lib/train.ts";
import type { Checkpoint } from "../../lib/training/checkpoint.ts";
import { corpusOptions } from "../../lib/training/corpus_options.ts";
import { learningRateAt } from "../../lib/training/learning_rate.ts";
import {
  isEnded,
  RESUMABLE_SETTINGS,
  type TrainingRecord,
} from "../../lib/training/settings.ts";
import { commandLine, shellQuoted } from "./command_line.ts";
import { loadCorpusFor } from "./corpus.ts";
import { openDevice } from "./device.ts";
import { EXIT, TaskError } from "./exit.ts";
import type { Command, Flags } from "./command.ts";
import { UsageError } from "./flags.ts";
import { exists } from "./files.ts";
import { HeldRun } from "./held_run.ts";
import { interruption, interruptSignal } from "./interrupt.ts";
import { findTrainedRun } from "./runs.ts";
import { say } from "./terminal.ts";
import { type FlagName, flagName } from "./setting_flags.ts";
import { assertInRange, type Settings } from "./training_flags.ts";
import { TrainingDevice } from "./training_device.ts";
import { trainControls } from "./train_controls.ts";
import { trainRun } from "./train_run.ts";
import { savedOf } from "./training_outcome.ts";

/** Those of the settings that it can change. */
type ResumableFlags = Partial<
  Pick<Settings, FlagName<typeof RESUMABLE_SETTINGS[number]>>
>;

/** The flags that resuming takes; all others are the run's own. */
interface ResumeFlags extends ResumableFlags {
  readonly run?: string;
  readonly corpus?: string;
  readonly "checkpoint-every": string;
  readonly device: DeviceName;
  readonly threads?: number;
  readonly json: boolean;
}

const RESUME_FLAGS = new Set([
  ...["resume", "run", "corpus", "checkpoint-every"],
  ...["device", "threads", "json"],
  ...RESUMABLE_SETTINGS.map(flagName),
]);

/** The flags that change a run, in words: `--epochs, … and --patience`. */
export const RESUMABLE_TEXT: string = RESUMABLE_SETTINGS
  .map((key) => `--${flagName(key)}`)
  .join(", ").replace(/, (?!.*,)/, " and ");

/** Goes on with a run; the exit code. */
export async function resumeRun(
  command: Pick<Command<Flags>, "name" | "flags">,
  flags: ResumeFlags & Readonly<Record<string, unknown>>,
): Promise<number> {
  assertResumable(flags);
  const controls = trainControls(flags["checkpoint-every"]);
  interruptSignal(); // signals are heard from here on
  using run = await HeldRun.open(await findTrainedRun(flags.run));
  const { path, model: checkpoint } = await run.loadLast();
  const { progress, corpus: { validationTokens } } = checkpoint;
  if (!checkpoint.resumeData) {
    throw new TaskError(
      EXIT.input,
      `${path} cannot be resumed, because it holds only a model: ` +
        "--init-from starts a new run from its weights",
    );
  }
  const settings: ResumeOptions = Object.fromEntries(
    RESUMABLE_SETTINGS.map((key) => [key, flags[flagName(key)]]),
  );
  const training = resumedSettings(checkpoint.training, settings);
  assertInRange(training);
  if (training.epochs < progress.epochs) {
    throw new UsageError(
      `--epochs ${training.epochs} counts from the start of the run: ` +
        `${progress.epochs} are already done`,
    );
  }
  if (flags.patience && validationTokens === 0) {
    throw new UsageError(
      "--patience has no effect in this run: no part of its text is " +
        "held out",
    );
  }
  const { name } = run.paths;
  say(
    `run ${name}: ${doneText(checkpoint, training)}; ${endedText(checkpoint)}`,
  );
  if (isEnded(training, progress.epochs, checkpoint.resumeData.best)) {
    say(`nothing is left to do: ${moreText(checkpoint, training)}`);
    if (!await exists(run.paths.report)) {
      const words = ["deno", "task", "report", "--run", name];
      say(`its report is missing: ${shellQuoted(words)} creates it`);
    }
    return 0;
  }
  const hasBest = await checkBest(run, checkpoint);
  const corpus = await loadText(flags.corpus, checkpoint);
  const shareIn = (epoch: number) =>
    1 / partition(corpus.ids, {
      ...training,
      offset: training.offset ?? undefined,
      epoch,
    }).count;
  say(rateText(checkpoint, training, shareIn));
  using device = new TrainingDevice(await openDevice(flags));
  const { backend, reopen } = device;
  interruption().throwIfAborted();
  const again = { ...flags, run: name, device: backend.name };
  const options = { ...controls, ...settings };
  return await trainRun(
    run,
    (signal) =>
      resume(checkpoint, corpus, backend, { ...options, signal, reopen }),
    {
      corpus,
      device,
      epochs: training.epochs,
      done: progress.epochs,
      learningRate: training.learningRate,
      json: flags.json,
      command: commandLine(command, again as Parameters<typeof commandLine>[1]),
      saved: savedOf(checkpoint),
      hasBest,
    },
  );
}

function assertResumable(flags: Readonly<Record<string, unknown>>): void {
  for (const [flag, value] of Object.entries(flags)) {
    if (RESUME_FLAGS.has(flag) || value === undefined || value === false) {
      continue;
    }
    throw new UsageError(
      `--${flag} cannot change when a run is resumed; ${RESUMABLE_TEXT} can. ` +
        "--init-from starts a new run from its weights",
    );
  }
}

/** The text of a run, from where it was or from where it is now. */
async function loadText(place: string | undefined, checkpoint: Checkpoint) {
  const { name } = checkpoint.corpus;
  try {
    return await loadCorpusFor(place ?? name, corpusOptions(checkpoint));
  } catch (error) {
    const isFile = error instanceof TaskError && error.exitCode === EXIT.files;
    if (!isFile || place !== undefined) throw error;
    throw new TaskError(
      EXIT.files,
      `${error.message}. If the text of this run has moved, say where ` +
        "it is: --corpus PATH",
    );
  }
}

/** Whether the best model that a checkpoint speaks of is there; says if it is not. */
async function checkBest(
  run: HeldRun,
  { resumeData }: Checkpoint,
): Promise<boolean> {
  const { best } = resumeData!;
  if (!best) return false;
  if (await run.loadBest()) return true;
  say(
    `note: ${run.paths.best}, the model of epoch ${best.epoch}, is ` +
      "missing or damaged; the next model that is better will be kept",
  );
  return false;
}

function doneText(
  { progress: { epochs, minibatches } }: Checkpoint,
  training: TrainingRecord,
): string {
  return `${epochs} of ${training.epochs} epochs are done` +
    (minibatches > 0 ? `, and ${minibatches} minibatches of the next` : "");
}

/** Why training had ended. */
function endedText({ training, progress, resumeData }: Checkpoint): string {
  const { epochs } = progress;
  if (epochs >= training.epochs) return "it had finished";
  if (isEnded(training, epochs, resumeData!.best)) {
    const since = resumeData!.best?.epoch;
    return "it had stopped because there was no improvement " +
      (since ? `since epoch ${since}` : "from the start") +
      ` (--patience ${training.patience})`;
  }
  return resumeData!.skippedInRow > 2
    ? `it had diverged in epoch ${epochs + 1}`
    : `it was stopped in epoch ${epochs + 1}`;
}

/** The flags that would go on with a run that is done. */
function moreText(
  { progress, resumeData }: Checkpoint,
  training: TrainingRecord,
): string {
  if (progress.epochs >= training.epochs) {
    const epochs = 2 * training.epochs, { schedule } = training;
    if (schedule === "constant") return `--epochs ${epochs} continues`;
    const rate = learningRateAt({ ...training, epochs }, progress.epochs, 0);
    return `--epochs ${epochs} continues, with a learning rate of ` +
      `${rateNumber(rate)} at first (--schedule ${schedule}); to keep ` +
      "it low, add --schedule constant --learning-rate N";
  }
  const waited = progress.epochs - (resumeData!.best?.epoch ?? 0);
  return `--patience ${waited + training.patience} or --patience 0 ` +
    "continues";
}

/** What the learning rate does from here on. */
function rateText(
  { training: before, progress }: Checkpoint,
  training: TrainingRecord,
  shareIn: (epoch: number) => number,
): string {
  const { epochs, minibatches } = progress;
  const part = shareIn(epochs), lastPart = shareIn(training.epochs - 1);
  const position = epochs + minibatches * part;
  const at = (record: TrainingRecord, position: number) =>
    rateNumber(learningRateAt(record, position, part));
  const first = at(training, position);
  const last = rateNumber(
    learningRateAt(training, training.epochs - lastPart, lastPart),
  );
  const was = position > 0 ? at(before, position - part) : first;
  const { schedule, warmup } = training;
  const course = first === last && (schedule === "constant")
    ? `${first}`
    : `${first} in epoch ${Math.floor(position) + 1}, ${last} at the end of ` +
      `epoch ${training.epochs}` +
      (schedule === "constant" ? "" : ` (--schedule ${schedule})`) +
      (position < warmup ? `, warm-up until epoch ${warmup}` : "");
  return `learning rate: ${course}` + (was === first ? "" : `; it was ${was}`);
}

/** To three digits: `0.5`, `1.51e-6`. */
function rateNumber(rate: number): string {
  return rate < 1e-3 && rate > 0
    ? rate.toExponential(2).replace(/\.?0+e/, "e")
    : String(Number(rate.toPrecision(3)));
}
