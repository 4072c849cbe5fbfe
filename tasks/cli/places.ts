/**
 * Where in a text its tokens stand.
 *
 * @module
 */

import { LettersFilter } from "../../lib/text/normalize.ts";
import type { Tokenizer } from "../../lib/text/tokenizer.ts";
import { Utf8Decoder } from "../../lib/text/utf8_decoder.ts";

const LF = 0x0a;

/** Line and column of a token's beginning, both from 1 on; columns are characters. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/**
 * The places of the tokens that a text is cut into, in order. Where the text is
 * cleaned, columns are those of the cleaned line.
 */
export function* placesOf(
  bytes: Uint8Array,
  { level, normalize }: Tokenizer,
): Generator<Place, void> {
  const asTheyAre = level === "byte" && normalize === "none";
  const codes = asTheyAre ? bytes : codesOf(bytes, normalize === "letters");
  let line = 1, column = 0, withinWord = false;
  for (const code of codes) {
    // Of a character's bytes the first one moves on.
    if (!asTheyAre || (code & 0xc0) !== 0x80 || column === 0) column++;
    if (level === "word") {
      const isSpace = /\s/.test(String.fromCodePoint(code));
      if (!isSpace && !withinWord) yield { line, column };
      withinWord = !isSpace;
    } else if (code !== LF || normalize === "none") {
      yield { line, column };
    }
    if (code === LF) [line, column] = [line + 1, 0];
  }
}

/** The code points of a text, cleaned or not, with its line ends. */
function codesOf(bytes: Uint8Array, cleaned: boolean): Uint32Array {
  const codes = new Utf8Decoder().decode(bytes);
  return cleaned
    ? new LettersFilter({ keepLineEnds: true }).filter(codes)
    : codes;
}
