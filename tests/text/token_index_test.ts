import { assertEquals } from "@std/assert";
import { CharIndex } from "../../lib/text/char_index.ts";
import { WordIndex } from "../../lib/text/word_index.ts";

const codesOf = (text: string) =>
  Uint32Array.from(text, (c) => c.codePointAt(0)!);

Deno.test("characters below 128 are their own numbers, others follow", () => {
  const index = new CharIndex();
  assertEquals([...index.number(codesOf("b🦕aé"))], [98, 128, 97, 129]);
  assertEquals([...index.number(codesOf("éb\u{10ffff}"))], [129, 98, 130]);
  assertEquals(index.bound, 131);
  assertEquals(index.seen(), [
    { token: "b", number: 98, count: 2 },
    { token: "🦕", number: 128, count: 1 },
    { token: "a", number: 97, count: 1 },
    { token: "é", number: 129, count: 2 },
    { token: "\u{10ffff}", number: 130, count: 1 },
  ]);
});

Deno.test("more characters than there is room for at first are told apart", () => {
  const index = new CharIndex();
  const all = Array.from({ length: 5000 }, (_, i) => 0x4e00 + 3 * i);
  for (let round = 0; round < 2; round++) {
    const numbers = index.number(Uint32Array.from(all));
    assertEquals([...numbers], all.map((_, i) => 128 + i));
  }
  assertEquals(index.seen().map(({ token }) => token.codePointAt(0)), all);
  assertEquals(new Set(index.seen().map(({ count }) => count)), new Set([2]));
});

Deno.test("words are parted by what \\s is, and by nothing else", () => {
  const between = Array.from({ length: 0x3100 }, (_, code) => code)
    .concat(0xd7ff, 0xfefe, 0xfeff, 0xff00, 0xffff, 0x1f995, 0x10ffff);
  const text = between.map((code) => `a${String.fromCodePoint(code)}b`).join(
    " ",
  );
  const index = new WordIndex();
  const numbers = index.number(codesOf(`${text} `));
  const tokens = index.seen().map(({ token }) => token);
  assertEquals(
    Array.from(numbers, (number) => tokens[number]),
    text.split(/\s+/),
  );
});

Deno.test("many words keep their numbers while the table grows", () => {
  const index = new WordIndex();
  const words = Array.from({ length: 5000 }, (_, i) => `w${i * 7919 % 5000}`);
  for (let round = 0; round < 2; round++) {
    const numbers = [
      ...index.number(codesOf(words.join(" "))),
      ...index.end(),
    ];
    assertEquals(numbers, words.map((_, i) => i));
  }
  assertEquals(
    index.seen(),
    words.map((token, number) => ({ token, number, count: 2 })),
  );
});

Deno.test("words of the same hash are told apart", () => {
  // Found by search: FNV-1a of 32 bits is the same for both.
  const a = "7yzx", b = "e6ad";
  const index = new WordIndex();
  const numbers = index.number(codesOf(`${a} ${b} ${b} ${a} `));
  assertEquals([...numbers], [0, 1, 1, 0]);
});

Deno.test("a word may be longer than a call has arguments", () => {
  const word = "字🦕".repeat(200_000);
  const index = new WordIndex();
  index.number(codesOf(word));
  assertEquals([...index.end()], [0]);
  assertEquals(index.seen()[0].token, word);
});
