import { assertEquals, assertThrows } from "@std/assert";
import { decodeText, normalizedLines } from "../../lib/text/normalize.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

Deno.test("decodeText drops the byte-order mark at the beginning alone", () => {
  assertEquals(decodeText(utf8("\ufeffone")), "one");
  assertEquals(decodeText(utf8("one\ufefftwo")), "one\ufefftwo");
});

Deno.test("decodeText makes every line end \\n", () => {
  assertEquals(decodeText(utf8("a\r\nb\rc\nd\r\r\n\n")), "a\nb\nc\nd\n\n\n");
});

Deno.test("decodeText keeps code points as they are", () => {
  const text = "naïve nai\u0308ve 🦕 👩‍🚀 \u0000 \u2028";
  assertEquals(decodeText(utf8(text)), text);
});

Deno.test("decodeText names the byte where the first bad character begins", () => {
  const bad: [byte: number, bytes: number[]][] = [
    [0, [0xff]],
    [0, [0x80]],
    [0, [0xc0, 0xaf]], // overlong
    [0, [0xed, 0xa0, 0x80]], // a surrogate
    [0, [0xf5, 0x80, 0x80, 0x80]], // beyond U+10FFFF
    [1, [0x41, 0xc3]], // cut off
    [1, [0x41, 0xf0, 0x9f, 0xa6]],
    [1, [0x41, 0xe2, 0x28, 0xa1]], // a character that ends too early
    [3, [0x41, 0xc3, 0xa9, 0xc3, 0x41]],
    [4, [0xef, 0xbb, 0xbf, 0x41, 0xff]], // the byte-order mark counts
    [4, [0xf0, 0x9f, 0xa6, 0x95, 0xf0, 0x9f, 0x41]],
  ];
  for (const [byte, bytes] of bad) {
    assertThrows(
      () => decodeText(Uint8Array.from(bytes)),
      SyntaxError,
      `not UTF-8: byte ${byte} begins no character`,
      `of ${bytes}`,
    );
  }
});

Deno.test("decodeText finds a bad byte anywhere in a longer text", () => {
  const bytes = utf8("é🦕x".repeat(300)); // characters of 2, 4 and 1 bytes
  for (let start = 0; start < bytes.length; start += 7) { // each begins an é
    const damaged = bytes.slice();
    damaged[start] = 0xff;
    assertThrows(
      () => decodeText(damaged),
      SyntaxError,
      `byte ${start} begins`,
    );
  }
});

Deno.test("normalizedLines keeps the chapter's letters and single spaces", () => {
  const text = "  The “Time”--Machine,\n\n1898 [I]\nÉtude it's\tA_b\n";
  assertEquals(normalizedLines(text, "letters"), [
    "the time machine",
    "",
    "i",
    "tude it s a b",
  ]);
});

Deno.test("normalizedLines counts lines as a reader of lines does", () => {
  for (const normalization of ["letters", "none"] as const) {
    const count = (text: string) => normalizedLines(text, normalization).length;
    assertEquals(["", "a", "a\n", "a\nb", "\n\n"].map(count), [0, 1, 1, 2, 2]);
  }
});

Deno.test("normalizedLines with none changes nothing", () => {
  assertEquals(normalizedLines(" A!\n\tb ", "none"), [" A!", "\tb "]);
});
