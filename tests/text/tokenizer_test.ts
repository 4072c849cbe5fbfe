import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type Level,
  splitText,
  textJoiner,
  type Tokenizer,
} from "../../lib/text/tokenizer.ts";

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

Deno.test("textJoiner puts words together with one space, in any pieces", () => {
  const words = ["the", "time", "machine", "by"];
  for (let pattern = 0; pattern < 2 ** 3; pattern++) {
    const join = textJoiner("word");
    const piece = [words[0]];
    let text = join([]);
    for (const [i, word] of words.slice(1).entries()) {
      if (pattern >> i & 1) text += join(piece.splice(0));
      piece.push(word);
    }
    assertEquals(text + join(piece, true), "the time machine by");
  }
});

Deno.test("textJoiner gives characters back as they come", () => {
  const join = textJoiner("char");
  assertEquals(
    join(["a", "🦕"]) + join([]) + join(["<unk>"], true),
    "a🦕<unk>",
  );
});

Deno.test("textJoiner holds back bytes until their character is whole", () => {
  const text = "\ufeffé🦕x\r\n€";
  const bytes = split(text, "byte");
  for (let size = 1; size <= bytes.length; size++) {
    const join = textJoiner("byte");
    let joined = "";
    for (let at = 0; at < bytes.length; at += size) {
      const piece = join(bytes.slice(at, at + size));
      assert(!piece.includes("\ufffd"), `a character cut at ${at}`);
      joined += piece;
    }
    assertEquals(joined + join([], true), text, `pieces of ${size}`);
  }
});

Deno.test("textJoiner shows bytes that are no character as U+FFFD", () => {
  const join = textJoiner("byte");
  assertEquals(join(["a", "\u00f0", "\u009f"]), "a");
  assertEquals(join([], true), "\ufffd");
  assertEquals(textJoiner("byte")(["a", "<unk>", "b"], true), "a\ufffdb");
});
