import { extendVocabulary } from "../lib/model/extend.ts";
import { parameterCount } from "../lib/model/parameters.ts";
import { partition } from "../lib/partition.ts";
import type { Corpus } from "../lib/text/corpus.ts";
import { train, type TrainOptions } from "../lib/train.ts";
import type { TrainedModel } from "../lib/training/checkpoint.ts";
import { withDefaults } from "../lib/training/settings.ts";
import {
  chooseTrainingCorpus,
  CORPUS_FLAGS,
  isTokenFile,
  loadCorpus,
  loadExtended,
} from "./cli/corpus.ts";
import { type BaseFlags, baseFlags } from "./cli/base_flags.ts";
import { commandLine, shellQuoted } from "./cli/command_line.ts";
import { unknownText } from "./cli/corpus_notes.ts";
import { DEVICE_FLAGS, openDevice } from "./cli/device.ts";
import type { Command, Flags, TextFlag, Values } from "./cli/command.ts";
import { UsageError } from "./cli/flags.ts";
import { assertFreeRun, HeldRun } from "./cli/held_run.ts";
import { interruption, interruptSignal } from "./cli/interrupt.ts";
import { PRESET_FLAG, presetFlags, withPreset } from "./cli/presets.ts";
import { resumeRun } from "./cli/resume_run.ts";
import type { RunPaths } from "./cli/run_paths.ts";
import { runTask } from "./cli/run_task.ts";
import { trainControls } from "./cli/train_controls.ts";
import { loadModelFrom } from "./cli/runs.ts";
import { say } from "./cli/terminal.ts";
import { grouped } from "./shared/grouped.ts";
import { trainRun } from "./cli/train_run.ts";
import {
  assertInRange,
  assertUseful,
  MODEL_CONFIG_FLAGS,
  SETTING_FLAGS,
  trainOptions,
} from "./cli/training_flags.ts";

/** The table of flags. */
export const command = {
  name: "train",
  summary:
    "Trains a model of text and keeps it as a run: data/runs/NAME with the " +
    "model, its metrics, samples and curve, and report.html, which shows them. " +
    "Without flags it is the chapter's model of The Time Machine, or of the " +
    "bundled sample where that cannot be had. Ctrl-C saves and stops; --resume " +
    "goes on.",
  flags: {
    preset: PRESET_FLAG,
    ...CORPUS_FLAGS,
    ...SETTING_FLAGS,
    run: {
      kind: "text",
      value: "NAME",
      help: "name of the run (the text's and the next free number)",
    } as TextFlag,
    resume: {
      kind: "switch",
      help: "go on with a run, --run or the newest; --epochs, " +
        "--learning-rate, --schedule and --patience can change it",
    },
    "init-from": {
      kind: "text",
      value: "PATH|RUN",
      help: "begin with the weights of another model; the vocabulary grows",
    } as TextFlag,
    "checkpoint-every": {
      kind: "text",
      value: "5m|50 epochs",
      default: "1m",
      help: "how often to save",
    } as TextFlag & { readonly default: string },
    ...DEVICE_FLAGS,
    json: {
      kind: "switch",
      help: "print a JSON object an epoch, and one at the end",
    },
  },
  examples: [
    "deno task train",
    "deno task train --preset lstm",
    "deno task train --preset own-text --corpus book.txt",
    "deno task train --resume",
    "deno task train --init-from book-1 --corpus other.txt --epochs 10",
  ],
} as const satisfies Command<Flags>;

type TrainFlags = Values<typeof command.flags>;

/** Runs the task on a command line, and ends the program. */
export async function run(args: readonly string[]): Promise<never> {
  return await runTask(
    command,
    args,
    (flags) => flags.resume ? resumeRun(command, flags) : startRun(flags),
  );
}

async function startRun(given: TrainFlags): Promise<number> {
  const { preset } = given;
  if (preset && given["init-from"] !== undefined) {
    throw new UsageError(
      "--preset and --init-from both say what the model is: give one",
    );
  }
  const controls = trainControls(given["checkpoint-every"]);
  interruptSignal(); // signals are heard from here on
  if (given.run !== undefined) await assertFreeRun(given.run);
  const base = given["init-from"] === undefined
    ? undefined
    : await loadModelFrom(given["init-from"]);
  if (base) assertKeepsModel(given);
  const beneath = base ? baseFlags(base, given) : {};
  if (base) sayBase(beneath);
  /** All flags: those that are not given are the base model's or the preset's. */
  const filled = (tokens?: number) => {
    const all = withPreset(
      preset,
      { ...given, ...beneath, ...present(given) },
      tokens,
    );
    // What a token file holds out was settled when it was made.
    return isTokenFile(given.corpus)
      ? { ...all, validation: given.validation }
      : all;
  };
  assertUseful(base ? { ...filled(), ...shapeFlags(base) } : filled());
  const name = given.corpus ?? await chooseTrainingCorpus();
  const corpus = base
    ? await loadExtended(name, base, filled())
    : await loadCorpus({ ...filled(), corpus: name });
  const tokens = corpus.ids.length;
  const flags = filled(tokens);
  if (preset) say(`preset ${preset}: ${presetFlags(preset, flags, tokens)}`);
  if (given.patience && !corpus.validation) {
    throw new UsageError("--patience does nothing without --validation");
  }
  const patience = corpus.validation ? flags.patience : 0;
  const options = { ...trainOptions(flags), patience, ...controls };
  assertInRange({ ...options, offset: null });
  const model = base && extended(base, corpus, options);
  const all: TrainOptions = model
    ? {
      ...options,
      cell: model.config.cell,
      hiddenSize: model.config.hiddenSize,
      numLayers: model.config.numLayers,
      embeddingSize: model.config.embeddingSize,
      activation: model.config.activation,
      parameters: model.parameters,
    }
    : options;
  // A text that is too short ends here.
  const { count } = partition(corpus.ids, all);
  using backend = await openDevice(flags);
  interruption().throwIfAborted();
  using run = await HeldRun.create(flags.run, corpus.name);
  describeRun(corpus, all, count, run.paths);
  const { epochs, learningRate } = withDefaults(all);
  const again = { ...given, corpus: name, device: backend.name };
  return await trainRun(
    run,
    (signal) => train(corpus, backend, { ...all, signal }),
    {
      corpus,
      backend,
      epochs,
      done: 0,
      learningRate,
      json: flags.json,
      command: commandLine(command, { ...again, run: undefined }),
    },
  );
}

/** Throws a UsageError if a flag would change the model that training starts from. */
function assertKeepsModel(given: TrainFlags): void {
  const changed = Object.keys(MODEL_CONFIG_FLAGS).find((flag) =>
    given[flag as keyof typeof MODEL_CONFIG_FLAGS] !== undefined
  );
  if (changed === undefined) return;
  throw new UsageError(
    `--${changed} cannot change the model that --init-from begins with`,
  );
}

/** Says with what settings a model is trained further. */
function sayBase(flags: BaseFlags): void {
  const words = Object.entries(flags).flatMap(([flag, value]) =>
    value === true ? [`--${flag}`] : [`--${flag}`, String(value)]
  );
  if (words.length > 0) {
    say(`trained further as it was: ${shellQuoted(words)}`);
  }
}

/** The flags that are there. */
function present(flags: TrainFlags): TrainFlags {
  return Object.fromEntries(
    Object.entries(flags).filter(([, value]) =>
      value !== undefined && value !== false
    ),
  ) as TrainFlags;
}

/** The flags that a model's shape stands for. */
function shapeFlags({ config }: TrainedModel) {
  return { cell: config.cell, "num-layers": config.numLayers };
}

/** The model with rows for the corpus' new tokens; says what was added. */
function extended(
  base: TrainedModel,
  corpus: Corpus,
  options: TrainOptions,
): TrainedModel {
  const { seed, init, sigma } = withDefaults(options);
  const { vocabulary } = corpus;
  const added = vocabulary.tokens.slice(base.vocabulary.tokens.length);
  const listed = added.slice(0, 20).map((token) => JSON.stringify(token));
  if (added.length > listed.length) listed.push("...");
  say(
    added.length === 0
      ? "the vocabulary is the model's own: nothing was added"
      : `added to the vocabulary: ${grouped(added.length)} tokens, ` +
        listed.join(" "),
  );
  return extendVocabulary(base, vocabulary, { seed, init, sigma });
}

function describeRun(
  { name, ids, validation, vocabulary, tokenizer }: Corpus,
  options: TrainOptions,
  count: number,
  run: RunPaths,
): void {
  const unknown = unknownText(ids, validation);
  const parameters = parameterCount({
    cell: options.cell ?? "rnn",
    activation: options.activation,
    vocabularySize: vocabulary.tokens.length,
    embeddingSize: options.embeddingSize,
    hiddenSize: options.hiddenSize ?? 512,
    numLayers: options.numLayers ?? 1,
  });
  say(
    `${name}: ${grouped(ids.length)} tokens (${tokenizer.level}), ` +
      (validation ? `${grouped(validation.length)} held out, ` : "") +
      (unknown === "" ? "" : `${unknown}, `) +
      `vocabulary ${grouped(vocabulary.tokens.length)}; ` +
      `${grouped(parameters)} parameters; ` +
      `${grouped(count)} minibatches an epoch; run ${run.name}`,
  );
}

if (import.meta.main) await run(Deno.args);
