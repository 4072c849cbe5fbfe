/**
 * What a token is, and how a text is split into tokens.
 *
 * @module
 */

import { FormatError } from "../input_error.ts";
import type { JsonObject } from "../json_value.ts";
import type { SettingsOf } from "../setting.ts";
import { type Normalization, NORMALIZATIONS } from "./normalize.ts";

/** Every kind of token by its name. */
export const LEVELS = ["char", "word", "byte"] as const;

/** What a token is: a character (a code point), a word, or a byte of UTF-8. */
export type Level = typeof LEVELS[number];

/** How text is split into tokens; this is stored in a checkpoint. */
export interface Tokenizer {
  /** What a token is. */
  readonly level: Level;
  /** How the text is cleaned first. */
  readonly normalize: Normalization;
}

/** How text is split by default. */
export const TOKENIZER_SETTINGS: SettingsOf<Tokenizer> = {
  level: {
    kind: "choice",
    choices: LEVELS,
    name: "level",
    help: "what a token is",
    default: "char",
  },
  normalize: {
    kind: "choice",
    choices: NORMALIZATIONS,
    name: "normalization",
    help: "letters: keep only lower-case a to z and spaces",
    default: "none",
  },
};

/**
 * A tokenizer that was read from a file.
 *
 * @throws {FormatError} If its level or normalization is missing or unknown.
 */
export function readTokenizer(read: JsonObject): Tokenizer {
  const level = LEVELS.find((name) => name === read.get("level"));
  const normalize = NORMALIZATIONS
    .find((name) => name === read.get("normalize"));
  if (level !== undefined && normalize !== undefined) {
    return { level, normalize };
  }
  throw new FormatError(
    `its tokenizer is unknown: ${read.get("level")}, ${read.get("normalize")}`,
  );
}
