import { assert, assertEquals, assertThrows } from "@std/assert";
import { splitText } from "../../lib/text/split_text.ts";
import type { Level, Tokenizer } from "../../lib/text/tokenizer.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const split = (
  text: string | Uint8Array,
  level: Level,
  normalize: Tokenizer["normalize"] = "none",
) => splitText(text, { level, normalize }).tokens;

Deno.test("a character is a code point: no surrogate is left alone", () => {
  const text = "a🦕e\u0301é👩‍🚀🇫🇷";
  const tokens = split(text, "char");
  assertEquals(tokens, [
    ..."a🦕".match(/./gu)!,
    "e",
    "\u0301", // a combining mark is a code point of its own
    "é", // and what is composed stays composed
    "👩",
    "\u200d",
    "🚀",
    "🇫",
    "🇷",
  ]);
  assert(tokens.every((token) => token.isWellFormed()));
  assertEquals(split(utf8(text), "char"), tokens);
});

Deno.test("characters without normalization keep line ends, case and NUL", () => {
  assertEquals(split("A\n\0 b", "char"), ["A", "\n", "\0", " ", "b"]);
  assertEquals(split(utf8("\ufeffA\r\nb"), "char"), ["A", "\n", "b"]);
});

Deno.test("normalized lines are joined with nothing between", () => {
  assertEquals(split("of him\nwas", "char", "letters").join(""), "of himwas");
});

Deno.test("words are parted by white space and by line ends", () => {
  assertEquals(split(" no,  no \n\n no\tNo ", "word"), [
    "no,",
    "no",
    "no",
    "No",
  ]);
  assertEquals(split("of him\nwas--No", "word", "letters"), [
    "of",
    "him",
    "was",
    "no",
  ]);
});

Deno.test("bytes are taken as they are, whether UTF-8 or not", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  const tokens = split(bytes, "byte");
  assertEquals(tokens.map((token) => token.charCodeAt(0)), [...bytes]);
  assertEquals(split("é", "byte"), ["\u00c3", "\u00a9"]);
  // The mark and the line end are bytes too.
  assertEquals(split(utf8("\ufeff\r\n"), "byte").length, 5);
  assertEquals(split("É!x", "byte", "letters"), ["x"]);
});

Deno.test("bytes are refused where normalization would have to read them", () => {
  const bytes = Uint8Array.of(0x41, 0xff);
  for (const level of ["char", "word", "byte"] as const) {
    assertThrows(() => split(bytes, level, "letters"), SyntaxError, "byte 1");
  }
  assertThrows(() => split(bytes, "char"), SyntaxError, "byte 1");
  assertEquals(split(bytes, "byte").length, 2);
});

Deno.test("lines are counted the same at every level", () => {
  for (const level of ["char", "word", "byte"] as const) {
    for (const normalize of ["letters", "none"] as const) {
      const lines = ["", "a", "a\n", "a\nb", "\n\n"].map((text) =>
        splitText(text, { level, normalize }).lines
      );
      assertEquals(lines, [0, 1, 1, 2, 2], `${level}, ${normalize}`);
    }
  }
});
