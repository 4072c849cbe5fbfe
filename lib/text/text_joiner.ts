/**
 * Tokens back to text.
 *
 * @module
 */

import type { Level } from "./tokenizer.ts";

/**
 * Creates a function that turns tokens back into text, piece by piece: each call
 * returns the text that the new tokens add. Bytes that are not yet a whole character
 * are held back; `last` ends the text.
 *
 * @example
 * ```ts
 * import { textJoiner } from "./text_joiner.ts";
 *
 * const join = textJoiner("word");
 * console.assert(join(["a", "time"]) + join(["machine"], true) === "a time machine");
 * ```
 */
export function textJoiner(
  level: Level,
): (tokens: readonly string[], last?: boolean) => string {
  return JOINERS[level]();
}

type Joiner = (tokens: readonly string[], last?: boolean) => string;

const JOINERS: Readonly<Record<Level, () => Joiner>> = {
  char: () => (tokens) => tokens.join(""),
  word: () => {
    let begun = false;
    return (tokens) => {
      const lead = begun && tokens.length > 0 ? " " : "";
      begun ||= tokens.length > 0;
      return lead + tokens.join(" ");
    };
  },
  byte: () => {
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
  },
};
