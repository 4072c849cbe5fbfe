/**
 * What a token is, and how a text is cut into tokens.
 *
 * @module
 */

import type { Normalization } from "./normalize.ts";

/** What a token is: a character (a code point), a word, or a byte of UTF-8. */
export type Level = "char" | "word" | "byte";

/** How text is cut into tokens; a checkpoint keeps it. */
export interface Tokenizer {
  /** What a token is. */
  readonly level: Level;
  /** What is cleaned away first. */
  readonly normalize: Normalization;
}
