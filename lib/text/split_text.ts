/**
 * Text to tokens.
 *
 * @module
 */

import { Splitter } from "./splitter.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** Tokens of a text, and of how many lines it was. */
export interface SplitText {
  readonly lines: number;
  /** The tokens in order. */
  readonly tokens: readonly string[];
}

/**
 * Cuts a short text, such as a prefix, into tokens: the way is that of `tokenize`.
 * Normalized lines are joined with nothing between, as in the chapter; a text that
 * is not normalized keeps its line ends. A byte is written as the character of the
 * same number, U+0000 to U+00FF.
 *
 * @param text A string, or the bytes of a file.
 * @throws {SyntaxError} If the text is given in bytes that are not UTF-8 (bytes
 * at level `byte` with no normalization are taken as they are).
 *
 * @example
 * ```ts
 * import { splitText } from "./split_text.ts";
 *
 * const { lines, tokens } = splitText("Hello,\nworld!\n", {
 *   level: "char",
 *   normalize: "letters",
 * });
 * console.assert(lines === 2 && tokens.join("|") === "h|e|l|l|o|w|o|r|l|d");
 * ```
 */
export function splitText(
  text: string | Uint8Array,
  tokenizer: Tokenizer,
): SplitText {
  const splitter = new Splitter(tokenizer);
  const numbers: number[] = [];
  for (const block of splitter.push(text)) {
    for (const number of block) numbers.push(number);
  }
  numbers.push(...splitter.end());
  const tokens = new Map(
    splitter.seen().map(({ token, number }) => [number, token]),
  );
  return {
    lines: splitter.lines,
    tokens: numbers.map((number) => tokens.get(number)!),
  };
}
