import { assertEquals } from "@std/assert";
import { decodeIds } from "../../lib/text/decode_ids.ts";
import { tokenize } from "../../lib/tokenize.ts";

Deno.test("ids stand for the text that they were made of", () => {
  for (const text of ["né 🦕", "путь и время", "时间旅行者", "यात्री 👨‍👩‍👧"]) {
    for (const level of ["char", "word", "byte"] as const) {
      const corpus = tokenize(text, { level });
      assertEquals(decodeIds(corpus, [...corpus.ids]), text);
    }
  }
});

Deno.test("bytes of a character that is not whole are left out at both ends", () => {
  const encoder = new TextEncoder();
  for (const text of ["aé🦕的b", "путь", "时间", "यात्री", "é", "🦕"]) {
    const corpus = tokenize(text, { level: "byte" });
    const ids = [...corpus.ids];
    for (let from = 0; from < ids.length; from++) {
      for (let to = from + 1; to <= ids.length; to++) {
        // The characters that lie between the two places.
        let at = 0;
        const whole = [...text].filter((character) => {
          const begin = at;
          at += encoder.encode(character).length;
          return begin >= from && at <= to;
        });
        assertEquals(decodeIds(corpus, ids.slice(from, to)), whole.join(""));
      }
    }
  }
});

Deno.test("bytes that are no text are U+FFFD each", () => {
  const latin1 = Uint8Array.of(0x61, 0xe9, 0x62, 0xe9, 0x20);
  const corpus = tokenize(latin1, { level: "byte" });
  assertEquals(decodeIds(corpus, [...corpus.ids]), "a\ufffdb\ufffd ");
});
