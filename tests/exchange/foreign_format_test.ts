import { assertEquals, assertStringIncludes } from "@std/assert";
import { fileKind } from "../../lib/exchange/file_kind.ts";
import { foreignFormat } from "../../lib/exchange/foreign_format.ts";
import { encodeSafetensors } from "../../lib/safetensors.ts";

const latin1 = (text: string) =>
  Uint8Array.from(text, (character) => character.charCodeAt(0));

/** A text in UTF-16 or UTF-32, without a byte-order mark. */
function wide(text: string, width: 2 | 4, littleEndian: boolean): Uint8Array {
  const codes = width === 2
    ? Array.from({ length: text.length }, (_, i) => text.charCodeAt(i))
    : Array.from(text, (character) => character.codePointAt(0)!);
  const bytes = new Uint8Array(width * codes.length);
  const view = new DataView(bytes.buffer);
  codes.forEach((code, i) =>
    width === 2
      ? view.setUint16(2 * i, code, littleEndian)
      : view.setUint32(4 * i, code, littleEndian)
  );
  return bytes;
}

Deno.test("files are known by how they begin, and the command that helps is named", () => {
  const cases: [start: Uint8Array, path: string, said: string][] = [
    [latin1("\x1f\x8b\x08\0\0\0\0\0\0\x03"), "b.txt.gz", "gunzip -k b.txt.gz"],
    [latin1("BZh91AY"), "my book.bz2", "bunzip2 -k 'my book.bz2'"],
    [latin1("\xfd7zXZ\0\0"), "b.xz", "unxz -k b.xz"],
    [latin1("\x28\xb5\x2f\xfd\x04"), "b.zst", "unzstd b.zst"],
    [latin1("7z\xbc\xaf\x27\x1c\0"), "b.7z", "7z x b.7z"],
    [latin1("PK\x03\x04\x14\0\0\0"), "b.docx", "saved as plain text"],
    [latin1("%PDF-1.7\n"), "x/b.pdf", "pdftotext x/b.pdf x/b.txt"],
    [
      latin1("version https://git-lfs.github.com/spec/v1\noid sha256:00"),
      "model.safetensors",
      "git lfs pull",
    ],
    [latin1("\r\n<!DOCTYPE html>\n<html>"), "b", "an HTML page"],
    [latin1("\xef\xbb\xbf<HTML lang=en>"), "b", "an HTML page"],
    [latin1("GGUF\x03\0\0\0"), "b", "a GGUF file"],
    [latin1("\x89HDF\r\n\x1a\n"), "b", "an HDF5 file"],
    [latin1("\x93NUMPY\x01"), "b", "a NumPy file"],
    [latin1("\x80\x02\x8a\nl\xfc\x9cF\xf9"), "b.pt", "torch.load("],
    [
      latin1(
        `PK\x03\x04\x14${"\0".repeat(21)}\x10\0\0\0archive/data.pkl`,
      ),
      "b.pt",
      "torch.load(",
    ],
    [latin1(`PK\x03\x04${"\0".repeat(40)}`), "b.pt", "torch.load("],
  ];
  for (const [start, path, said] of cases) {
    assertStringIncludes(foreignFormat(start, path) ?? "", said);
  }
});

Deno.test("UTF-16 and UTF-32 are known with a byte-order mark and without", () => {
  const texts = ["Die Zeit vergeht. ", "Время идёт. ", "時間。過ぎる 。\r\n "]
    .map((text) => text.repeat(40));
  for (const text of texts) {
    for (const littleEndian of [true, false]) {
      const order = littleEndian ? "le" : "be";
      for (const width of [2, 4] as const) {
        const name = `utf-${8 * width}`;
        const bytes = wide(text, width, littleEndian);
        assertEquals(fileKind(bytes), `${name}${order}`, text.slice(0, 9));
        const marked = wide(`\ufeff${text}`, width, littleEndian);
        assertEquals(fileKind(marked), name);
      }
    }
  }
  assertEquals(fileKind(wide("so short", 2, true)), "utf-16le");
  assertEquals(
    foreignFormat(wide("\ufeffa", 2, true), "data/book.txt"),
    "a text in UTF-16, not in UTF-8: iconv -f UTF-16 -t UTF-8 data/book.txt > " +
      "data/book-utf8.txt converts it",
  );
});

Deno.test("what weena reads is no other kind, and no file is worth an error", () => {
  const texts = [
    ...["", "a", "PK is no archive", "\ufeffa text", "<p>a part of a page"],
    ...["BZ is a country", "a\0b\0\0c".repeat(9), "[1, 2]", "時間。過ぎる。"],
  ];
  for (const text of texts) {
    assertEquals(fileKind(new TextEncoder().encode(text)), undefined, text);
  }
  // A header whose length begins as a pickle's, or as a compressed file's, does.
  const tensors = new Map([["x", { shape: [], data: new Float32Array(1) }]]);
  const file = encodeSafetensors({ tensors, metadata: new Map() });
  for (const start of ["\x80\x02\0\0\0\0\0\0", "\x1f\x8b\x08\0\0\0\0\0"]) {
    file.set(latin1(start));
    assertEquals(fileKind(file), undefined);
  }
  for (let byte = 0; byte < 256; byte++) {
    for (const length of [0, 1, 2, 3, 8, 9, 31]) {
      assertEquals(fileKind(new Uint8Array(length).fill(byte)), undefined);
    }
  }
});
