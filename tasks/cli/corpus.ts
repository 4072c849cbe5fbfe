/**
 * Which text a task works on.
 *
 * @module
 */

import { FormatError } from "../../lib/input_error.ts";
import { extname } from "@std/path";
import { DownloadError } from "../../lib/download.ts";
import { foreignFormat } from "../../lib/exchange/foreign_format.ts";
import {
  type Corpus,
  TOKENIZE_SETTINGS,
  type TokenizeOptions,
} from "../../lib/text/corpus.ts";
import { decodeTokenFile } from "../../lib/text/token_file.ts";
import type { Level, Tokenizer } from "../../lib/text/tokenizer.ts";
import type { Normalization } from "../../lib/text/normalize.ts";
import type { Vocabulary } from "../../lib/text/vocabulary.ts";
import { tokenize } from "../../lib/tokenize.ts";
import { assertKnownTokens, corpusNotes } from "./corpus_notes.ts";
import { exists, readWanted } from "./files.ts";
import type { TextFlag, Values } from "./command.ts";
import { UsageError } from "./flags.ts";
import { interruption } from "./interrupt.ts";
import { assertInputFile } from "./input_file.ts";
import {
  fetchTimeMachine,
  readNamedText,
  TIME_MACHINE_PATH,
} from "./named_texts.ts";
import { EXIT, TaskError } from "./exit.ts";
import { flagsOf } from "./setting_flags.ts";
import { say } from "./terminal.ts";
import { assertTextPath } from "./text_path.ts";
import { tokenizeFile } from "./tokenize_file.ts";
import { isTextName, TEXT_NAMES } from "../shared/text_names.ts";

/** The chapter trains on the first 10,000 characters; other texts are taken whole. */
const CHAPTER_TOKENS = 10_000;

const TOKENIZE_FLAGS = flagsOf(TOKENIZE_SETTINGS);

/** Flags that choose a text and how it is cut into tokens. */
export const CORPUS_FLAGS = {
  corpus: {
    kind: "text",
    value: [...TEXT_NAMES, "PATH"].join("|"),
    help: "the text: a name, a text file, or a token file (.safetensors)",
  } as TextFlag,
  ...TOKENIZE_FLAGS,
  normalize: {
    ...TOKENIZE_FLAGS.normalize,
    standard: "letters for time-machine and sample, none for a file",
  },
  "max-tokens": {
    ...TOKENIZE_FLAGS["max-tokens"],
    help: `${TOKENIZE_FLAGS["max-tokens"].help} (${CHAPTER_TOKENS} for ` +
      "time-machine, 0 for others). The vocabulary is built from the " +
      "whole text",
    standard: undefined,
  },
} as const;

/** Values of {@linkcode CORPUS_FLAGS}. */
export type CorpusFlags = Partial<Values<typeof CORPUS_FLAGS>>;

/** Whether `--corpus` names a token file. */
export function isTokenFile(corpus: string | undefined): boolean {
  return corpus !== undefined && extname(corpus) === ".safetensors";
}

/**
 * Reads and tokenizes the text that the flags ask for, to train on; what is odd about
 * it is said on stderr.
 *
 * @throws {TaskError} If its vocabulary would be `<unk>` alone.
 */
export async function loadCorpus(flags: CorpusFlags): Promise<Corpus> {
  const corpus = await readCorpus(flags);
  assertKnownTokens(corpus);
  for (const note of corpusNotes(corpus)) say(`note: ${note}`);
  return corpus;
}

async function readCorpus(flags: CorpusFlags): Promise<Corpus> {
  const corpus = flags.corpus ?? "time-machine";
  if (isTokenFile(corpus)) {
    return await loadTokenFile(corpus, flags);
  }
  return await tokenizeText(corpus, {
    level: flags.level,
    normalize: flags.normalize ?? (isTextName(corpus) ? "letters" : "none"),
    minFrequency: flags["min-frequency"],
    maxTokens: flags["max-tokens"] ?? defaultMaxTokens(corpus),
    validation: flags.validation,
  });
}

/**
 * Tokenizes a text as a model's was, in the model's vocabulary and, behind it, what
 * the text has besides: see `extend` of `tokenize`.
 */
export async function loadExtended(
  corpus: string,
  { tokenizer, vocabulary }: {
    readonly tokenizer: Tokenizer;
    readonly vocabulary: Vocabulary;
  },
  flags: CorpusFlags,
): Promise<Corpus> {
  if (isTokenFile(corpus)) {
    throw new UsageError(
      `${corpus} already has its own vocabulary: pass the text itself ` +
        "to extend the vocabulary of the model",
    );
  }
  for (const flag of ["level", "normalize"] as const) {
    if (flags[flag] === undefined || flags[flag] === tokenizer[flag]) continue;
    throw new UsageError(
      `--${flag} cannot be ${flags[flag]}: the model was trained with ` +
        `--${flag} ${tokenizer[flag]}`,
    );
  }
  const extended = await tokenizeText(corpus, {
    ...tokenizer,
    vocabulary,
    extend: true,
    minFrequency: flags["min-frequency"],
    maxTokens: flags["max-tokens"] ?? defaultMaxTokens(corpus),
    validation: flags.validation,
  });
  for (const note of corpusNotes(extended)) say(`note: ${note}`);
  return extended;
}

/** Tokenizes a text as a model's was, in the model's vocabulary. */
export async function loadCorpusFor(
  corpus: string,
  options: {
    readonly level: Level;
    readonly normalize: Normalization;
    readonly vocabulary: Vocabulary;
    readonly maxTokens: number;
    readonly validation?: number;
  },
): Promise<Corpus> {
  if (isTokenFile(corpus)) {
    const read = await loadTokenFile(corpus, {});
    const { maxTokens } = options;
    return maxTokens > 0
      ? { ...read, ids: read.ids.slice(0, maxTokens) }
      : read;
  }
  return await tokenizeText(corpus, options);
}

/** How many tokens of a text are kept unless it is said; 0: all. */
export function defaultMaxTokens(corpus: string): number {
  return corpus === "time-machine" ? CHAPTER_TOKENS : 0;
}

/**
 * Which text `train` takes where none is asked for: The Time Machine where it is
 * there or can be fetched, else the sample; says so on stderr.
 */
export async function chooseTrainingCorpus(): Promise<string> {
  if (await exists(TIME_MACHINE_PATH)) return "time-machine";
  say("downloading The Time Machine ...");
  try {
    await fetchTimeMachine();
    return "time-machine";
  } catch (error) {
    interruption().throwIfAborted();
    if (!(error instanceof DownloadError)) throw error; // it could not be kept
    say(
      "The Time Machine cannot be downloaded: training on the bundled " +
        'sample instead, "The Traveller in Number Nine"',
    );
    return "sample";
  }
}

/** Tokenizes a text that goes by a name, or a file of any size. */
async function tokenizeText(
  corpus: string,
  options: TokenizeOptions,
): Promise<Corpus> {
  if (isTextName(corpus)) {
    const text = await readNamedText(corpus);
    return tokenize(text, { name: corpus, ...options });
  }
  await assertTextPath(corpus);
  return await tokenizeFile(corpus, options);
}

async function loadTokenFile(
  path: string,
  flags: CorpusFlags,
): Promise<Corpus> {
  const settled = Object.keys(TOKENIZE_FLAGS)
    .find((flag) => flags[flag as keyof CorpusFlags] !== undefined);
  if (settled) {
    throw new UsageError(
      `--${settled} cannot change ${path}, which is already ` +
        "tokenized: use this flag with deno task tokenize",
    );
  }
  await assertTextPath(path);
  const what = "token file (--corpus)";
  await assertInputFile(path, what);
  const bytes = await readWanted(path, what);
  const foreign = foreignFormat(bytes, path);
  if (foreign) throw new TaskError(EXIT.input, `${path} is ${foreign}`);
  try {
    return { ...decodeTokenFile(bytes), name: path };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new TaskError(EXIT.input, `${path}: ${error.message}`);
  }
}
