import { assert, assertEquals, assertThrows } from "@std/assert";
import { philox4x32 } from "../../lib/backend/philox.ts";
import { UsageError } from "../../tasks/cli/flags.ts";
import {
  isRunName,
  readRunName,
  runNameFor,
} from "../../tasks/cli/run_name.ts";

Deno.test("a run is named after its text, in any script", () => {
  const names: [corpus: string, name: string][] = [
    ["time-machine", "time-machine"],
    ["data/book.txt", "book"],
    ["data/book.tokens.safetensors", "book"],
    ["my book (2nd).txt", "my-book-2nd"],
    ["my.book.v2.txt", "my.book.v2"],
    ["_notes.txt", "_notes"],
    ["Война и мир.txt", "Война-и-мир"],
    ["東京物語.txt", "東京物語"],
    ["हिन्दी.txt", "हिन्दी"],
    ["e\u0301te\u0301.txt", "été"],
    ["-x-.txt", "x"],
    ["con.txt", "_con"],
    ["LPT¹.txt", "_LPT¹"],
    ["nul.tar.gz", "_nul.tar"],
    ["\u202egpj.txt", "gpj"],
    ["a\\..\\b.txt", "a-..-b"],
    [".bashrc", "text"],
    ["…", "text"],
    ["", "text"],
    ["\u3164.txt", "text"], // the filler of Hangul, which is a letter
  ];
  for (const [corpus, name] of names) assertEquals(runNameFor(corpus), name);
});

Deno.test("what is no folder on some system is no run's name", () => {
  const good = ["a", "a b", "_x", "9", "v1.2-b_3", "Война и мир 1", "CONsole"];
  for (const name of good) assert(isRunName(name), name);
  const bad = [
    ...["", ".", "..", ".a", "-a", " a", "a.", "a ", "a/b", "a\\b", "../a"],
    ...["NUL", "con", "Com1", "lpt9.txt", "aux .x", "COM²", "a:b", "a*", "a?"],
    ...["a\n", "a\0", "a\u202e", "a\u200bb", "a\u00a0b", "e\u0301", "\ud800"],
    ...["\u0301a", "a".repeat(101), "語".repeat(67)],
  ];
  for (const name of bad) assert(!isRunName(name), JSON.stringify(name));
  assert(isRunName("a".repeat(100)) && isRunName("語".repeat(66)));
});

Deno.test("no name that is made is refused, whatever the text is called", () => {
  // Characters that names go wrong by, among letters of 1 to 4 bytes.
  const drawn = [
    ...["a", "Z", "é", "e\u0301", "ß", "я", "語", "🦕", "𝔘", "İ", "½", "¹"],
    ...[
      ".",
      "..",
      "-",
      "_",
      " ",
      "/",
      "\\",
      ":",
      "\n",
      "\0",
      "\u202e",
      "\ud800",
    ],
    ...["con", "NUL", "com1", ".txt", ".tokens", ".safetensors", "\u0301"],
  ];
  for (let index = 0; index < 5000; index++) {
    const random = (at: number) => philox4x32([index, at, 0, 0], [0, 0])[0];
    const length = random(0) % (index % 5 === 0 ? 300 : 12);
    const corpus = Array.from(
      { length },
      (_, i) => drawn[random(i + 1) % drawn.length],
    ).join("");
    const name = runNameFor(corpus);
    const shown = JSON.stringify([corpus, name]);
    assert(isRunName(name), shown);
    assert(isRunName(`${name}-1`) && isRunName(`${name}-12345678`), shown);
  }
});

Deno.test("a name is taken however its letters with marks were typed, and refused by the flag", () => {
  const composed = "caf\u00e9-1", apart = "cafe\u0301-1";
  assertEquals(readRunName(apart), composed);
  assertEquals(readRunName(composed), composed);
  for (const bad of ["../x", ".hidden", "", "nul"]) {
    assertThrows(() => readRunName(bad), UsageError, "--run cannot be");
  }
});
