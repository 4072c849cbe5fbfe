import { modelConfig } from "../lib/model/config.ts";
import { extendVocabulary } from "../lib/model/extend.ts";
import { parameterCount } from "../lib/model/parameters.ts";
import { partition } from "../lib/partition.ts";
import type { Corpus } from "../lib/text/corpus.ts";
import { train, type TrainOptions } from "../lib/train.ts";
import type {
  Checkpoint,
  ImportedModel,
  TrainedModel,
} from "../lib/training/checkpoint.ts";
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
import { RESUMABLE_TEXT, resumeRun } from "./cli/resume_run.ts";
import type { RunPaths } from "./cli/run_paths.ts";
import { runTask } from "./cli/run_task.ts";
import { trainControls } from "./cli/train_controls.ts";
import { loadModelFrom } from "./cli/chosen_model.ts";
import { say } from "./cli/terminal.ts";
import { grouped } from "./shared/grouped.ts";
import { TrainingDevice } from "./cli/training_device.ts";
import { trainRun } from "./cli/train_run.ts";
import {
  assertInRange,
  assertUseful,
  MODEL_CONFIG_FLAGS,
  SETTING_FLAGS,
  trainOptions,
} from "./cli/training_flags.ts";

export const command = {
  name: "train",
  details:
    "The folder data/runs/NAME has the model, its metrics, samples and " +
    "curve, and report.html, which shows them. Without flags it trains " +
    "the chapter's model on The Time Machine, or on the bundled sample if " +
    "that cannot be downloaded. Ctrl-C saves and stops; --resume " +
    "continues.",
  flags: {
    preset: PRESET_FLAG,
    ...CORPUS_FLAGS,
    ...SETTING_FLAGS,
    run: {
      kind: "text",
      value: "NAME",
      help: "name of the run (the text's name and the next free number)",
    } as TextFlag,
    resume: {
      kind: "switch",
      help: `continue a run, --run or the newest; ${RESUMABLE_TEXT} can be ` +
        "changed",
    },
    "init-from": {
      kind: "text",
      value: "PATH|RUN",
      help: "start from the weights of another model; its vocabulary grows",
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
      help: "print one JSON object per epoch, and one at the end",
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
      "--preset and --init-from both define the model: use only one " +
        "of them",
    );
  }
  const controls = trainControls(given["checkpoint-every"]);
  interruptSignal(); // signals are heard from here on
  if (given.run !== undefined) await assertFreeRun(given.run);
  const base = given["init-from"] === undefined
    ? undefined
    : await loadModelFrom(given["init-from"]);
  if (base) assertKeepsModel(given);
  const filled = flagsOver(given, base);
  assertUseful(base ? { ...filled(), ...shapeFlags(base) } : filled());
  const name = given.corpus ?? await chooseTrainingCorpus();
  const corpus = base
    ? await loadExtended(name, base, filled())
    : await loadCorpus({ ...filled(), corpus: name });
  const tokens = corpus.ids.length;
  const flags = filled(tokens);
  if (preset) say(`preset ${preset}: ${presetFlags(preset, flags, tokens)}`);
  if (given.patience && !corpus.validation) {
    throw new UsageError("--patience has no effect without --validation");
  }
  const patience = corpus.validation ? flags.patience : 0;
  const options = { ...trainOptions(flags), patience, ...controls };
  assertInRange({ ...options, offset: null });
  const all = base ? begunWith(base, corpus, options) : options;
  // A text that is too short ends here.
  const { count } = partition(corpus.ids, all);
  using device = new TrainingDevice(await openDevice(flags));
  const { backend, reopen } = device;
  interruption().throwIfAborted();
  using run = await HeldRun.create(flags.run, corpus.name);
  describeRun(corpus, all, count, run.paths);
  const { epochs, learningRate } = withDefaults(all);
  const again = { ...given, corpus: name, device: backend.name };
  return await trainRun(
    run,
    (signal) => train(corpus, backend, { ...all, signal, reopen }),
    {
      corpus,
      device,
      epochs,
      done: 0,
      learningRate,
      json: flags.json,
      command: commandLine(command, { ...again, run: undefined }),
    },
  );
}

/**
 * All flags: those that are not given are those of the base model or of the preset,
 * which may depend on how many tokens there are to train on, once that is known.
 */
function flagsOver(
  given: TrainFlags,
  base: Checkpoint | ImportedModel | undefined,
): (tokens?: number) => TrainFlags {
  const beneath = base ? baseFlags(base, given) : {};
  if (base) sayBase(beneath);
  const flags = { ...given, ...beneath, ...present(given) };
  return (tokens) => {
    const all = withPreset(given.preset, flags, tokens);
    // What a token file holds out was settled when it was made.
    return isTokenFile(given.corpus)
      ? { ...all, validation: given.validation }
      : all;
  };
}

/** The options with the shape and the weights of another model. */
function begunWith(
  base: TrainedModel,
  corpus: Corpus,
  options: TrainOptions,
): TrainOptions {
  const { config, parameters } = extended(base, corpus, options);
  const { vocabularySize: _, ...shape } = config;
  return { ...options, ...shape, parameters };
}

/** Throws a UsageError if a flag would change the model that training starts from. */
function assertKeepsModel(given: TrainFlags): void {
  const changed = Object.keys(MODEL_CONFIG_FLAGS).find((flag) =>
    given[flag as keyof typeof MODEL_CONFIG_FLAGS] !== undefined
  );
  if (changed === undefined) return;
  throw new UsageError(
    `--${changed} cannot change the model that --init-from starts ` +
      "from",
  );
}

/** Says with what settings a model is trained further. */
function sayBase(flags: BaseFlags): void {
  const words = Object.entries(flags).flatMap(([flag, value]) =>
    value === true ? [`--${flag}`] : [`--${flag}`, String(value)]
  );
  if (words.length > 0) {
    say(
      "training continues with the settings of that model: " +
        `${shellQuoted(words)}`,
    );
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
      ? "the vocabulary of the model is unchanged: nothing was added"
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
  const parameters = parameterCount(
    modelConfig(options, vocabulary.tokens.length),
  );
  say(
    `${name}: ${grouped(ids.length)} tokens (${tokenizer.level}), ` +
      (validation ? `${grouped(validation.length)} held out, ` : "") +
      (unknown === "" ? "" : `${unknown}, `) +
      `vocabulary ${grouped(vocabulary.tokens.length)}; ` +
      `${grouped(parameters)} parameters; ` +
      `${grouped(count)} minibatches per epoch; run ${run.name}`,
  );
}

if (import.meta.main) await run(Deno.args);
