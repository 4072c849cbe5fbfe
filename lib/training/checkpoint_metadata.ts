/**
 * What the metadata of a checkpoint's file says: text by keys that begin with `weena.`,
 * checked as it is read.
 *
 * @module
 */

import { FormatError } from "../input_error.ts";
import {
  countOf,
  fieldsOf,
  type JsonObject,
  numberOf,
  parseJson,
  textOf,
} from "../json_value.ts";
import { type ModelConfig, readConfig } from "../model/config.ts";
import { filledIn, readRecord } from "../setting.ts";
import { readTokenizer, type Tokenizer } from "../text/tokenizer.ts";
import type { Best } from "./best.ts";
import type { Progress } from "./progress.ts";
import { TRAINING_SETTINGS, type TrainingRecord } from "./settings.ts";

/** A text that a model was trained on. */
export interface CorpusRecord {
  /** Name of the text. */
  readonly name: string;
  /** Number of tokens to train on. */
  readonly tokens: number;
  /** SHA-256 of their ids, in hexadecimal digits. */
  readonly sha256: string;
  /** Number of tokens held out for validation; 0: none. */
  readonly validationTokens: number;
  /** SHA-256 of their ids; undefined in checkpoints written by earlier versions. */
  readonly validationSha256?: string;
}

/** Where a model comes from. */
export interface TrainingOrigin {
  /** The text it was trained on. */
  readonly corpus: CorpusRecord;
  /** How it was trained. */
  readonly training: TrainingRecord;
  /** How far the training is. */
  readonly progress: Progress;
}

/** The text of a key, without its `weena.`; undefined where it is missing. */
export type Metadata = (key: string) => string | undefined;

/** The text of a key; throws a FormatError where it is missing. */
export function metadataText(metadata: Metadata, key: string): string {
  const text = metadata(key);
  if (text !== undefined) return text;
  throw new FormatError(
    `it has no "weena.${key}" in its metadata, so it was not written by weena`,
  );
}

/** The fields of a key's object; throws where it is missing or none. */
function fields(metadata: Metadata, key: string): JsonObject {
  const value: unknown = parseJson(metadataText(metadata, key));
  return fieldsOf(value, `its "weena.${key}" is`);
}

/** Version of the metadata; a reader refuses any other. */
export const FORMAT_VERSION = 2;

/** Throws a FormatError unless the metadata is of the version that is known here. */
export function assertVersion(metadata: Metadata): void {
  const version = Number(metadataText(metadata, "version"));
  if (version === FORMAT_VERSION) return;
  throw new FormatError(
    `its format is version ${version}, and only version ${FORMAT_VERSION} can ` +
      `be read`,
  );
}

/** The model's config; throws where it is none that can be built. */
export function configOf(metadata: Metadata): ModelConfig {
  return readConfig(fields(metadata, "config"));
}

/** How text is cut for the model; throws where that is unknown. */
export function tokenizerOf(metadata: Metadata): Tokenizer {
  return readTokenizer(fields(metadata, "tokenizer"));
}

/** Whether a model was trained here, so that its training is known. */
export function isTrained(metadata: Metadata): boolean {
  return ["corpus", "training", "progress", "loss", "state"]
    .some((key) => metadata(key) !== undefined);
}

/** The text, the settings and the progress of a training; throws where one is none. */
export function trainingOf(metadata: Metadata): TrainingOrigin {
  return {
    corpus: corpusOf(fields(metadata, "corpus")),
    training: filledIn(
      TRAINING_SETTINGS,
      readRecord(
        TRAINING_SETTINGS,
        fields(metadata, "training"),
        "training",
      ),
    ),
    progress: progressOf(fields(metadata, "progress")),
  };
}

function corpusOf(corpus: JsonObject): CorpusRecord {
  const digest = corpus.get("validationSha256");
  return {
    name: textOf(corpus.get("name"), "its corpus' name is"),
    tokens: countOf(corpus.get("tokens"), "its corpus' length is"),
    sha256: textOf(corpus.get("sha256"), "its corpus' SHA-256 is"),
    validationTokens: countOf(
      corpus.get("validationTokens"),
      "the length of the text that it holds out is",
    ),
    ...digest !== undefined && {
      validationSha256: textOf(
        digest,
        "the SHA-256 of the text that it holds out is",
      ),
    },
  };
}

function progressOf(progress: JsonObject): Progress {
  const count = (key: string) =>
    countOf(progress.get(key), `its ${key} done are`);
  return {
    epochs: count("epochs"),
    minibatches: count("minibatches"),
    tokens: count("tokens"),
  };
}

/** What resuming needs and is in no tensor; throws where it is none. */
export function resumeFieldsOf(
  metadata: Metadata,
): { updates: number; skippedInRow: number; best?: Best } {
  const state = fields(metadata, "state");
  return {
    updates: countOf(state.get("updates"), "its number of updates is"),
    skippedInRow: countOf(
      state.get("skippedInRow"),
      "its number of skipped minibatches is",
    ),
    best: bestOf(state.get("best")),
  };
}

/** The best epoch; earlier versions took NaN, in JSON null, for a best loss. */
function bestOf(best: unknown): Best | undefined {
  if (best === undefined || best === null) return undefined;
  const { epoch, loss } = Object.fromEntries(
    fieldsOf(best, "its best epoch is"),
  );
  if (loss === null) return undefined;
  return {
    epoch: countOf(epoch, "its best epoch is"),
    loss: numberOf(loss, "its best loss is"),
  };
}
