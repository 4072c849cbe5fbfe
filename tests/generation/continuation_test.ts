import { assert, assertEquals } from "@std/assert";
import { Continuation } from "../../lib/generation/continuation.ts";
import type { Level } from "../../lib/text/tokenizer.ts";

/** What a continuation gives for tokens that come in chunks of a size. */
function continued(
  level: Level,
  prefix: readonly string[],
  tokens: readonly string[],
  stop: string | undefined,
  size: number,
) {
  const continuation = new Continuation(level, prefix, stop);
  const pieces = [];
  for (let at = 0; at < tokens.length; at += size) {
    const part = tokens.slice(at, at + size)
      .map((token, i) => ({ id: at + i, token }));
    pieces.push(continuation.add(part, at + size >= tokens.length));
  }
  return {
    pieces: pieces.map(({ text }) => text),
    text: pieces.map(({ text }) => text).join(""),
    tokens: pieces.flatMap(({ tokens }) => tokens.map(({ token }) => token)),
    ended: pieces.at(-1)?.ended,
  };
}

const bytes = (text: string) =>
  Array.from(
    new TextEncoder().encode(text),
    (byte) => String.fromCharCode(byte),
  );

Deno.test("a continuation ends before the stop text, wherever its pieces are cut", () => {
  const cases: [string, string, string][] = [
    ["one. two. three", ". ", "one"],
    ["aaab", "aab", "a"],
    ["abababac", "ababac", "ab"],
    ["stop at once", "stop", ""],
    ["no such text", "texts", "no such text"],
    ["ends in nearly", "lyx", "ends in nearly"],
    ["é🦕é🦕🦕", "🦕🦕", "é🦕é"],
  ];
  for (const [whole, stop, expected] of cases) {
    for (const level of ["char", "byte"] as const) {
      const tokens = level === "char" ? [...whole] : bytes(whole);
      for (let size = 1; size <= tokens.length; size++) {
        const made = continued(level, ["x"], tokens, stop, size);
        const ended = expected === whole ? "length" : "stop";
        assertEquals([made.text, made.ended], [expected, ended]);
        assertEquals(
          made.tokens,
          level === "char" ? [...expected] : bytes(expected),
        );
      }
    }
  }
});

Deno.test("what may be the stop text is held back, and no more", () => {
  const { pieces } = continued("char", [], [..."a--b---c"], "---", 1);
  assertEquals(pieces, ["a", "", "", "--b", "", "", "", ""]);
  assertEquals(
    continued("char", [], [..."a--b--"], "---", 1).pieces,
    ["a", "", "", "--b", "", "--"],
  );
});

Deno.test("words end before the stop text; a word that it cuts is no token", () => {
  for (const size of [1, 2, 3, 4]) {
    const words = ["it", "goes", "again", "on"];
    const made = continued("word", ["so"], words, "in on", size);
    assertEquals(made.text, " it goes aga");
    assertEquals(made.tokens, ["it", "goes"]);
    assertEquals(made.ended, "stop");
  }
});

Deno.test("tokens come with their text: bytes when their character is whole", () => {
  const continuation = new Continuation("byte", []);
  const [first, second] = bytes("é").map((token, id) => ({ id, token }));
  assertEquals(continuation.add([first], false), { text: "", tokens: [] });
  assertEquals(continuation.add([second, first], false), {
    text: "é",
    tokens: [first, second],
  });
  // What is left at the end is given out as it is.
  assertEquals(continuation.add([], true), {
    text: "\ufffd",
    tokens: [first],
    ended: "length",
  });
  assertEquals(continuation.add([second], true).text, "");
});

Deno.test("the text and the tokens are the same for chunks of any size", () => {
  const tokens = bytes("né 🦕, né 🦕; and so on\n").concat("\xf0", "\x9f");
  const all = [];
  for (let size = 1; size <= tokens.length; size++) {
    const { pieces: _, ...made } = continued("byte", [], tokens, "\n\n", size);
    all.push(made);
  }
  assert(all[0].text.endsWith("\n\ufffd"));
  assertEquals(all[0].tokens, tokens);
  for (const made of all) assertEquals(made, all[0]);
});
