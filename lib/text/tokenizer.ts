/**
 * What a token is, and how a text is cut into tokens.
 *
 * @module
 */

import type { Normalization } from "./normalize.ts";

/** Everything that a token can be. */
export const LEVELS = ["char", "word", "byte"] as const;

/** What a token is: a character (a code point), a word, or a byte of UTF-8. */
export type Level = typeof LEVELS[number];

/** How text is cut into tokens; a checkpoint keeps it. */
export interface Tokenizer {
  /** What a token is. */
  readonly level: Level;
  /** What is cleaned away first. */
  readonly normalize: Normalization;
}
