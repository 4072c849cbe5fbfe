/**
 * Text to tokens and back.
 *
 * @module
 */

import {
  decodeText,
  type Normalization,
  normalizedLines,
} from "./normalize.ts";

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
  /** The tokens in order; may be gone through more than once. */
  readonly tokens: Iterable<string>;
}

/**
 * Cuts a text into tokens. Normalized lines are joined with nothing between, as
 * in the chapter; a text that is not normalized keeps its line ends. A byte is
 * written as the character of the same number, U+0000 to U+00FF.
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
 * console.assert(lines === 2 && [...tokens].join("|") === "h|e|l|l|o|w|o|r|l|d");
 * ```
 */
export function splitText(
  text: string | Uint8Array,
  { level, normalize }: Tokenizer,
): SplitText {
  if (level === "byte" && normalize === "none") {
    const bytes = typeof text === "string" ? utf8(text) : text;
    const breaks = bytes.reduce((n, byte) => n + (byte === 10 ? 1 : 0), 0);
    const open = bytes.length > 0 && bytes.at(-1) !== 10 ? 1 : 0;
    return { lines: breaks + open, tokens: byteTokens(bytes) };
  }
  const whole = typeof text === "string" ? text : decodeText(text);
  const lines = normalizedLines(whole, normalize);
  const joined = normalize === "none" ? whole : lines.join("");
  switch (level) {
    case "char":
      return { lines: lines.length, tokens: joined };
    case "word":
      return { lines: lines.length, tokens: words(lines) };
    case "byte":
      return { lines: lines.length, tokens: byteTokens(utf8(joined)) };
  }
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

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function byteTokens(bytes: Uint8Array): Iterable<string> {
  return {
    *[Symbol.iterator]() {
      for (const byte of bytes) yield String.fromCharCode(byte);
    },
  };
}

function words(lines: readonly string[]): Iterable<string> {
  return {
    *[Symbol.iterator]() {
      for (const line of lines) {
        for (const word of line.split(/\s+/)) if (word !== "") yield word;
      }
    },
  };
}
