/**
 * Where in a text its tokens stand.
 *
 * @module
 */

import { splitText, type Tokenizer } from "../../lib/text/tokenizer.ts";

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
  if (level === "byte" && normalize === "none") {
    let line = 1, column = 0;
    for (const byte of bytes) {
      if ((byte & 0xc0) !== 0x80) column++; // it begins a character
      yield { line, column: Math.max(1, column) };
      if (byte === 10) [line, column] = [line + 1, 0];
    }
    return;
  }
  const text = new TextDecoder().decode(bytes).replace(/\r\n?/g, "\n");
  const lines = text.split("\n");
  for (const [i, original] of lines.entries()) {
    const line = i + 1;
    const content = [
      ...splitText(original, { level: "char", normalize }).tokens,
    ].join("");
    if (level === "word") {
      for (const { index } of content.matchAll(/\S+/g)) {
        yield { line, column: 1 + [...content.slice(0, index)].length };
      }
      continue;
    }
    const broken = normalize === "none" && line < lines.length;
    const characters = [...content, ...(broken ? ["\n"] : [])];
    for (const column of characters.keys()) yield { line, column: column + 1 };
  }
}
