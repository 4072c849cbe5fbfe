import { assertEquals, assertThrows } from "@std/assert";
import { Utf8Decoder } from "../../lib/text/utf8_decoder.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

/** The text of some bytes, decoded in pieces of `size`. */
function decoded(bytes: Uint8Array, size = bytes.length): string {
  const decoder = new Utf8Decoder();
  let text = "";
  for (let at = 0; at < bytes.length; at += size) {
    // A place of its own for each piece: it may begin anywhere in memory.
    const piece = new Uint8Array(1 + size).subarray(1);
    piece.set(bytes.subarray(at, at + size));
    const codes = decoder.decode(piece.subarray(0, bytes.length - at));
    text += String.fromCodePoint(...codes);
  }
  decoder.end();
  return text;
}

Deno.test("the byte-order mark is left out at the beginning alone", () => {
  for (const size of [1, 2, 3, 20]) {
    assertEquals(decoded(utf8("\ufeffone"), size), "one");
    assertEquals(decoded(utf8("one\ufefftwo"), size), "one\ufefftwo");
    assertEquals(decoded(utf8("\ufeff\ufeff"), size), "\ufeff");
  }
});

Deno.test("every line end becomes \\n, wherever the pieces part", () => {
  const text = "a\r\nb\rc\nd\r\r\n\ne\ré\n\r\n\r";
  for (let size = 1; size < 20; size++) {
    assertEquals(decoded(utf8(text), size), text.replace(/\r\n?/g, "\n"));
  }
});

Deno.test("line ends are counted", () => {
  const decoder = new Utf8Decoder();
  for (const [piece, lineEnds] of [["a\r", 1], ["\n\n", 2], ["b\r\rc", 4]]) {
    decoder.decode(utf8(piece as string));
    assertEquals(decoder.lineEnds, lineEnds);
  }
});

Deno.test("every code point comes back as it was", () => {
  for (let first = 0; first <= 0x10ffff; first += 0x800) {
    if (first === 0xd800) continue; // surrogates are no characters
    let text = "";
    for (let code = first; code < first + 0x800; code++) {
      if (code !== 0x0d) text += String.fromCodePoint(code);
    }
    assertEquals(decoded(utf8(text)), text);
    if (first % 0x1_0000 === 0) assertEquals(decoded(utf8(text), 5), text);
  }
});

Deno.test("bytes below 128 are told apart in any place of four", () => {
  for (let byte = 0; byte < 128; byte++) {
    for (let place = 0; place < 8; place++) {
      const bytes = utf8("abcdefgh~\x7fx");
      bytes[place] = byte;
      const text = String.fromCharCode(...bytes).replace("\r", "\n");
      assertEquals(decoded(bytes), text);
    }
  }
});

Deno.test("what is not UTF-8 is refused, naming where the bad character begins", () => {
  const bad: [byte: number, bytes: number[]][] = [
    [0, [0xff]],
    [0, [0x80]],
    [0, [0xc0, 0xaf]], // overlong
    [0, [0xe0, 0x9f, 0xbf]],
    [0, [0xf0, 0x8f, 0xbf, 0xbf]],
    [0, [0xed, 0xa0, 0x80]], // a surrogate
    [0, [0xf4, 0x90, 0x80, 0x80]], // beyond U+10FFFF
    [0, [0xf5, 0x80, 0x80, 0x80]],
    [1, [0x41, 0xc3]], // cut off
    [1, [0x41, 0xf0, 0x9f, 0xa6]],
    [1, [0x41, 0xe2, 0x28, 0xa1]], // a character that ends too early
    [3, [0x41, 0xc3, 0xa9, 0xc3, 0x41]],
    [4, [0xef, 0xbb, 0xbf, 0x41, 0xff]], // the byte-order mark counts
    [4, [0xf0, 0x9f, 0xa6, 0x95, 0xf0, 0x9f, 0x41]],
    [6, [0x41, 0x0d, 0x0a, 0x41, 0x0d, 0x0a, 0x80]], // as does every line end
  ];
  for (const [byte, bytes] of bad) {
    for (const size of [1, 2, 3, 10]) {
      assertThrows(
        () => decoded(Uint8Array.from(bytes), size),
        SyntaxError,
        `not UTF-8: no character begins at byte ${byte}`,
        `${bytes} in pieces of ${size}`,
      );
    }
  }
});

Deno.test("the same bytes are refused as by TextDecoder", () => {
  // Every first byte with seconds around all bounds, and what may follow or not.
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const text = (decode: () => string) => {
    try {
      return decode();
    } catch {
      return undefined;
    }
  };
  for (let first = 0x80; first < 0x100; first++) {
    for (const bound of [0x01, 0x41, 0x80, 0x90, 0xa0, 0xc0, 0xe0, 0xff]) {
      for (const rest of [[], [0x80], [0xbf, 0x80], [0x41]]) {
        for (const second of [bound - 1, bound]) {
          const bytes = Uint8Array.of(0x20, first, second, ...rest);
          assertEquals(
            text(() => decoded(bytes)),
            text(() => strict.decode(bytes)),
            `${bytes}`,
          );
        }
      }
    }
  }
});

Deno.test("a bad byte is found anywhere in a longer text", () => {
  const bytes = utf8("é🦕x".repeat(300)); // characters of 2, 4 and 1 bytes
  for (let start = 0; start < bytes.length; start += 7) { // each begins an é
    const damaged = bytes.slice();
    damaged[start] = 0xff;
    assertThrows(
      () => decoded(damaged, 64),
      SyntaxError,
      `begins at byte ${start}`,
    );
  }
});
