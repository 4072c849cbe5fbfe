import { assertEquals } from "@std/assert";
import { splitText } from "../../lib/text/split_text.ts";
import { placesOf } from "../../tasks/cli/places.ts";

const LEVELS = ["char", "word", "byte"] as const;
const NORMALIZATIONS = ["letters", "none"] as const;

const utf8 = (text: string) => new TextEncoder().encode(text);

Deno.test("every token has a place", () => {
  const texts = [
    "",
    "a",
    "\n",
    "one\ntwo",
    "one\ntwo\n",
    "\n\n one  two\n\n",
    "a\r\nb\rc",
    "né 🦕\n\t🦕!",
    "1 2\n3\nfour, five",
    "\ufeffa b", // the mark at the beginning is no part of the text
    "a\u00a0b\u2003c\ufeffd\u0085e\u3000",
  ];
  for (const text of texts) {
    for (const level of LEVELS) {
      for (const normalize of NORMALIZATIONS) {
        const tokenizer = { level, normalize };
        const tokens = [...splitText(utf8(text), tokenizer).tokens];
        const places = [...placesOf(utf8(text), tokenizer)];
        assertEquals(
          places.length,
          tokens.length,
          JSON.stringify([text, tokenizer]),
        );
      }
    }
  }
});

/** The places of tokens as `line:column`. */
function shown(text: string, ...[level, normalize]: [string, string]): string {
  const tokenizer = { level, normalize } as Parameters<typeof placesOf>[1];
  return [...placesOf(utf8(text), tokenizer)]
    .map(({ line, column }) => `${line}:${column}`).join(" ");
}

Deno.test("places are lines and columns, from 1 on", () => {
  assertEquals(shown("é🦕\nb", "char", "none"), "1:1 1:2 1:3 2:1");
  assertEquals(shown("é\nb", "byte", "none"), "1:1 1:1 1:2 2:1");
  assertEquals(shown(" é🦕  b\n\nc", "word", "none"), "1:2 1:6 3:1");
  // In the cleaned line "a b".
  assertEquals(shown("-- a - B!\nc", "char", "letters"), "1:1 1:2 1:3 2:1");
  assertEquals(shown("-- a - B!\nc", "byte", "letters"), "1:1 1:2 1:3 2:1");
  assertEquals(shown("-- a - B!\nc", "word", "letters"), "1:1 1:3 2:1");
});

Deno.test("bytes that are no text have places, too", () => {
  const bytes = Uint8Array.of(0x80, 0xff, 10, 0xc3);
  const tokenizer = { level: "byte", normalize: "none" } as const;
  const places = [...placesOf(bytes, tokenizer)]
    .map(({ line, column }) => `${line}:${column}`);
  assertEquals(places, ["1:1", "1:2", "1:3", "2:1"]);
});
