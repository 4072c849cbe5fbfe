import { foreignFormat } from "../lib/exchange/foreign_format.ts";
import {
  importWeights,
  tensorsLeftOut,
} from "../lib/exchange/import_weights.ts";
import { parameterCount } from "../lib/model/parameters.ts";
import { decodeSafetensors } from "../lib/safetensors.ts";
import { decodeTokenFile } from "../lib/text/token_file.ts";
import type { Tokenizer } from "../lib/text/tokenizer.ts";
import { TOKENIZER_SETTINGS } from "../lib/text/tokenizer.ts";
import { decodeModel } from "../lib/training/checkpoint.ts";
import { modelText } from "./shared/model_text.ts";
import { readWanted } from "./cli/files.ts";
import { assertInputFile } from "./cli/input_file.ts";
import type { Command, Flags, TextFlag } from "./cli/command.ts";
import { UsageError } from "./cli/flags.ts";
import { assertFreeRun, HeldRun } from "./cli/held_run.ts";
import { EXIT, TaskError } from "./cli/exit.ts";
import { runTask } from "./cli/run_task.ts";
import { flagsOf } from "./cli/setting_flags.ts";
import { out, say } from "./cli/terminal.ts";
import { MODEL_CONFIG_FLAGS } from "./cli/training_flags.ts";
import { grouped } from "./shared/grouped.ts";

const { level, normalize } = flagsOf(TOKENIZER_SETTINGS);

/** How many tensors that are left out are named. */
const SHOWN = 6;

export const command = {
  name: "import",
  details: "The run can be used by generate, evaluate and score. FILE is a " +
    "safetensors file of the modules rnn (nn.RNN, nn.GRU or nn.LSTM), " +
    "linear (nn.Linear) and optionally embedding (nn.Embedding); its " +
    "names and shapes show which ones they are.",
  argument: { value: "FILE", help: "the weights, in safetensors" },
  flags: {
    vocabulary: {
      kind: "text",
      value: "FILE",
      help: "the tokens: JSON (a list ordered by id, or an object that maps " +
        "tokens to ids), or a checkpoint or token file that has them; " +
        "required",
    } as TextFlag,
    level: {
      ...level,
      standard: `${level.standard}, or as in the checkpoint or token file`,
    },
    normalize: {
      ...normalize,
      help: "how text is cleaned first",
      standard: `${normalize.standard}, or as in that file`,
    },
    activation: {
      ...MODEL_CONFIG_FLAGS.activation,
      help: "nonlinearity of nn.RNN, which the weights do not show",
    },
    run: {
      kind: "text",
      value: "NAME",
      help: "name of the run (the file's name and the next free number)",
    } as TextFlag,
  },
  examples: [
    "deno task import model.safetensors --vocabulary tokens.json",
    "deno task import model.safetensors --vocabulary tokens.json --level word",
  ],
} as const satisfies Command<Flags>;

export async function run(args: readonly string[]): Promise<never> {
  return await runTask(command, args, async (flags, file) => {
    if (flags.vocabulary === undefined) {
      throw new UsageError(
        "say which tokens the ids stand for, for example --vocabulary " +
          "tokens.json",
      );
    }
    if (flags.run !== undefined) await assertFreeRun(flags.run);
    const bytes = await readFile(file!, "model");
    const known = await readVocabulary(flags.vocabulary);
    const leftOut = attempt(file!, () => tensorsLeftOut(bytes));
    if (leftOut.length > 0) {
      say(
        "note: left out, because they are whole numbers and not " +
          "weights: " +
          leftOut.slice(0, SHOWN).join(", ") +
          (leftOut.length > SHOWN ? ` and ${leftOut.length - SHOWN} more` : ""),
      );
    }
    const model = attempt(file!, () =>
      importWeights(bytes, {
        vocabulary: known.vocabulary,
        level: flags.level ?? known.tokenizer?.level,
        normalize: flags.normalize ?? known.tokenizer?.normalize,
        activation: flags.activation,
        provenance: `imported from ${file}`,
      }));
    using run = await HeldRun.create(flags.run, file!);
    try {
      await run.save(model);
    } catch (error) {
      await run.discard();
      throw error;
    }
    const { config, tokenizer } = model;
    out(
      `run ${run.paths.name}: ${modelText(config)}, ` +
        `${grouped(parameterCount(config))} parameters; ` +
        `vocabulary ${grouped(config.vocabularySize)} (${tokenizer.level}), ` +
        `normalization ${tokenizer.normalize}\n`,
    );
  });
}

/** A file's bytes; throws where it is none, or a well-known other one. */
async function readFile(path: string, what: string): Promise<Uint8Array> {
  await assertInputFile(path, what);
  const bytes = await readWanted(path, what);
  const foreign = foreignFormat(bytes, path);
  if (foreign) throw new TaskError(EXIT.input, `${path} is ${foreign}`);
  return bytes;
}

type Tokens = readonly string[] | Readonly<Record<string, number>>;

/** The tokens of a file: JSON, or a checkpoint or token file with its tokenizer. */
async function readVocabulary(
  path: string,
): Promise<{ vocabulary: Tokens; tokenizer?: Tokenizer }> {
  const bytes = await readFile(path, "vocabulary (--vocabulary)");
  const start = new TextDecoder().decode(bytes.subarray(0, 64)).trimStart();
  if (!/^[[{]/.test(start)) {
    try {
      const { metadata } = decodeSafetensors(bytes);
      const { vocabulary, tokenizer } = metadata.has("weena.config")
        ? await decodeModel(bytes)
        : decodeTokenFile(bytes);
      return { vocabulary: vocabulary.tokens, tokenizer };
    } catch {
      return unusable(path);
    }
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return { vocabulary: JSON.parse(text) };
  } catch {
    return unusable(path);
  }
}

function unusable(path: string): never {
  throw new TaskError(
    EXIT.input,
    `${path} is not a vocabulary: expected JSON (a list of tokens, ` +
      "or an object that maps tokens to ids), or a checkpoint or " +
      "token file",
  );
}

/** Puts the file's name before what is wrong with it. */
function attempt<T>(path: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new TaskError(EXIT.input, `${path}: ${(error as Error).message}`);
  }
}

if (import.meta.main) await run(Deno.args);
