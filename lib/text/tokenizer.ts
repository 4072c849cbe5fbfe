/**
 * Text to tokens and back.
 *
 * @module
 */

import type { Normalization } from "./normalize.ts";
import { Splitter } from "./splitter.ts";

/** What a token is: a character (a code point), a word, or a byte of UTF-8. */
export type Level = "char" | "word" | "byte";

/** How text is cut into tokens; a checkpoint keeps it. */
export interface Tokenizer {
  /** What a token is. */
  readonly level: Level;
  /** What is cleaned away first. */
  readonly normalize: Normalization;
}

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
 * import { splitText } from "./tokenizer.ts";
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

/**
 * Puts tokens together again, a piece at a time: what the tokens so far are in
 * text beyond what was returned before. Bytes that are not yet a whole character
 * are held back; `last` ends the text.
 *
 * @example
 * ```ts
 * import { textJoiner } from "./tokenizer.ts";
 *
 * const join = textJoiner("word");
 * console.assert(join(["a", "time"]) + join(["machine"], true) === "a time machine");
 * ```
 */
export function textJoiner(
  level: Level,
): (tokens: readonly string[], last?: boolean) => string {
  if (level === "byte") {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    return (tokens, last = false) =>
      decoder.decode(
        // `<unk>` is no byte: it becomes one that is never a character.
        Uint8Array.from(
          tokens,
          (token) => token.length === 1 ? token.charCodeAt(0) : 0xff,
        ),
        { stream: !last },
      );
  }
  if (level === "char") return (tokens) => tokens.join("");
  let begun = false;
  return (tokens) => {
    const lead = begun && tokens.length > 0 ? " " : "";
    begun ||= tokens.length > 0;
    return lead + tokens.join(" ");
  };
}
