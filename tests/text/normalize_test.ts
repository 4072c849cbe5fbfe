import { assertEquals } from "@std/assert";
import { LettersFilter } from "../../lib/text/normalize.ts";

/** What is kept of the pieces, one after the other. */
function kept(pieces: readonly string[], keepLineEnds = false): string {
  const filter = new LettersFilter({ keepLineEnds });
  return pieces.map((piece) => {
    const codes = Uint32Array.from(piece, (c) => c.codePointAt(0)!);
    return String.fromCodePoint(...filter.filter(codes));
  }).join("");
}

/** d2l 8.2.1 by its own expressions. */
const chapter = (text: string, between: string) =>
  text.split("\n")
    .map((line) => line.replace(/[^A-Za-z]+/g, " ").trim().toLowerCase())
    .join(between);

const TEXTS = [
  "  The “Time”--Machine,\n\n1898 [I]\nÉtude it's\tA_b\n",
  "a",
  " ",
  "\n",
  " \n a\n b ",
  "x  \n\n  y z 9\nw",
  "ASCII around letters: @[`{ AZaz",
  "İstanbul ıı K\u2028k 🦕 e\u0301é",
  "a\rb\r\nc\0d",
];

Deno.test("letters are the chapter's: single spaces, trimmed, lower case", () => {
  for (const text of TEXTS) {
    assertEquals(kept([text]), chapter(text, ""), JSON.stringify(text));
    assertEquals(kept([text], true), chapter(text, "\n"), JSON.stringify(text));
  }
  assertEquals(
    kept([TEXTS[0]], true),
    "the time machine\n\ni\ntude it s a b\n",
  );
});

Deno.test("letters are the same wherever the pieces part", () => {
  for (const text of TEXTS) {
    const characters = [...text];
    for (let size = 1; size < characters.length; size++) {
      const pieces = characters
        .filter((_, i) => i % size === 0)
        .map((_, i) => characters.slice(i * size, (i + 1) * size).join(""));
      for (const keepLineEnds of [false, true]) {
        assertEquals(
          kept(pieces, keepLineEnds),
          kept([text], keepLineEnds),
          `${JSON.stringify(text)} in pieces of ${size}`,
        );
      }
    }
  }
});
