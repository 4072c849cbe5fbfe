import { assertEquals, assertRejects } from "@std/assert";
import type { Corpus, TokenizeOptions } from "../../lib/text/corpus.ts";
import type { Level } from "../../lib/text/tokenizer.ts";
import type { Normalization } from "../../lib/text/normalize.ts";
import { tokenize, tokenizeStream } from "../../lib/tokenize.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

/** Bytes in pieces of `size`, all in the same buffer. */
async function* inPieces(
  bytes: Uint8Array,
  size: number,
): AsyncGenerator<Uint8Array, void> {
  const buffer = new Uint8Array(size);
  for (let at = 0; at < bytes.length; at += size) {
    const piece = bytes.subarray(at, at + size);
    buffer.set(piece);
    yield await Promise.resolve(buffer.subarray(0, piece.length));
  }
}

/**
 * What a corpus has to be, by the platform's own means: the text as one string,
 * cut with expressions, counted in a map.
 */
function specified(
  bytes: Uint8Array,
  level: Level,
  normalize: Normalization,
): Pick<Corpus, "lines" | "vocabulary"> & { readonly ids: readonly number[] } {
  const latin1 = (bytes: Uint8Array) =>
    Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  const asBytes = level === "byte" && normalize === "none";
  const text = asBytes
    ? latin1(bytes)
    : new TextDecoder("utf-8", { fatal: true }).decode(bytes)
      .replace(/\r\n?/g, "\n");
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const kept = normalize === "none"
    ? lines
    : lines.map((line) =>
      line.replace(/[^A-Za-z]+/g, " ").trim().toLowerCase()
    );
  const tokens = level === "word"
    ? kept.flatMap((line) => line.split(/\s+/)).filter((word) => word !== "")
    : [
      ...normalize === "letters"
        ? kept.join("")
        : asBytes || level === "char"
        ? text
        : latin1(utf8(text)),
    ];
  const counts = new Map<string, number>();
  for (const token of tokens) counts.set(token, (counts.get(token) ?? 0) + 1);
  counts.delete("<unk>");
  const known = [...counts].sort(([, a], [, b]) => b - a);
  const names = ["<unk>", ...known.map(([token]) => token)];
  return {
    lines: lines.length,
    vocabulary: {
      tokens: names,
      counts: [0, ...known.map(([, count]) => count)],
    },
    ids: tokens.map((token) => names.indexOf(token)),
  };
}

const TEXTS: Readonly<Record<string, string>> = {
  "one line without an end": "no end",
  "one line": "The Time Machine, by H. G. Wells [1898]\n",
  "empty lines": "\n\na\n\n\nb\n\n",
  "white space": "  a \t b  \n\v c\f\n ",
  "CRLF": "one\r\ntwo\r\n\r\nthree",
  "CR": "one\rtwo\r\rthree\r",
  "all line ends": "\r\n\r\r\n\n\r\na\n\r",
  "a byte-order mark": "\ufeffmarked\r\n",
  "byte-order marks within": "a\ufeffb \ufeff c",
  "NUL and control characters": "a\0b\x01\x1b[31m\x7f c",
  "composed and decomposed": "é e\u0301 naïve nai\u0308ve",
  "emoji": "🦕👩‍🚀🇫🇷 a🦕\n🦕",
  "Chinese": "道可道，非常道。\n名可名，非常名。\u3000無名天地之始",
  "Turkish": "İstanbul'da ışık IĞDIR ıslık",
  "Greek, Russian, Arabic, Hindi": "Ὀδυσσεύς война وَحْشَة नमस्ते",
  "line separators": "a\u2028b\u2029c\u0085d\u00a0e",
  "letters that are none of A to Z": "ſtraße Å K ﬁ ａｂ",
  "punctuation": "“No,” said I -- twice... (it's @[`{ not) \\ /",
  "the unknown token": "<unk> is <unk> a word <unk>",
  "one symbol": "aaaaaaaaaaaaaaaaaaaaaaaa",
  "the edges of UTF-8":
    "\x7f\x80\u07ff\u0800\ud7ff\ue000\uffff\u{10000}\u{10ffff}",
  "ties": "dbbaacdz ycx",
};

for (const level of ["char", "word", "byte"] as const) {
  for (const normalize of ["none", "letters"] as const) {
    Deno.test(`${level}, ${normalize}: a stream gives the same in pieces of any size`, async () => {
      for (const [name, text] of Object.entries(TEXTS)) {
        const bytes = utf8(text);
        const expected = specified(bytes, level, normalize);
        const options = { level, normalize, name };
        if (expected.ids.length === 0) continue;
        for (let size = 1; size <= 17; size++) {
          const corpus = await tokenizeStream(inPieces(bytes, size), options);
          const { lines, vocabulary, ids } = corpus;
          const what = `${name} in pieces of ${size}`;
          assertEquals({ lines, vocabulary, ids: [...ids] }, expected, what);
          assertEquals(corpus, tokenize(bytes, options), what);
        }
      }
    });
  }
}

/** A text of `size` different characters, each twice. */
const alphabet = (size: number) => {
  const all = Array.from({ length: size }, (_, i) => 0x3400 + i % 0x6000)
    .map((code, i) => String.fromCodePoint(code + (i < 0x6000 ? 0 : 0x20000)));
  return [...all, ...all].join("");
};

Deno.test("ids are as wide as the vocabulary needs", async () => {
  for (
    const [size, Ids] of [
      [255, Uint8Array],
      [256, Uint16Array], // with <unk>, 257
      [1000, Uint16Array],
    ] as const
  ) {
    const { ids, vocabulary } = tokenize(alphabet(size));
    assertEquals(vocabulary.tokens.length, size + 1);
    const order = Array.from({ length: 2 * size }, (_, i) => 1 + i % size);
    assertEquals(ids, Ids.from(order));
  }
  // 70,000 words need 32 bits, until the rare ones are left out.
  const words = Array.from({ length: 70_000 }, (_, i) => `w${i}`);
  const bytes = utf8([...words, ...words.slice(0, 300)].join(" "));
  const options: TokenizeOptions = { level: "word" };
  const all = await tokenizeStream(inPieces(bytes, 5000), options);
  assertEquals(
    all.ids,
    Uint32Array.from({ length: 70_300 }, (_, i) => 1 + i % 70_000),
  );
  const { ids } = tokenize(bytes, { ...options, minFrequency: 2 });
  assertEquals(
    ids,
    Uint16Array.from(
      { length: 70_300 },
      (_, i) => i % 70_000 < 300 ? 1 + i % 70_000 : 0,
    ),
  );
});

Deno.test("ids of a large vocabulary are wide though the text has few tokens", () => {
  const { vocabulary } = tokenize(alphabet(300));
  const text = vocabulary.tokens[300] + vocabulary.tokens[2];
  assertEquals(tokenize(text, { vocabulary }).ids, Uint16Array.of(300, 2));
});

Deno.test("a long text is the same where the numbers of its tokens grow wider", () => {
  // More than the first chunks hold, with new characters all the way.
  const text = Array.from(
    { length: 60_000 },
    (_, i) =>
      String.fromCodePoint(i % 3 === 0 ? 97 + i % 26 : 0x400 + (i >> 7)),
  ).join("");
  const { ids, vocabulary } = tokenize(text);
  assertEquals(Array.from(ids, (id) => vocabulary.tokens[id]).join(""), text);
});

Deno.test("a stream that is not UTF-8 is refused as it comes", async () => {
  const bytes = utf8("é".repeat(10));
  bytes[10] = 0xff;
  let left = bytes.length;
  async function* watched() {
    for await (const piece of inPieces(bytes, 1)) {
      left -= piece.length;
      yield piece;
    }
  }
  await assertRejects(() => tokenizeStream(watched()), SyntaxError, "byte 10");
  assertEquals(left, 9);
  await assertRejects(
    () => tokenizeStream(inPieces(utf8("é").subarray(0, 1), 1)),
    SyntaxError,
    "byte 0",
  );
});

Deno.test("a stream without a token is refused", async () => {
  async function* pieces() {
    yield await Promise.resolve(new Uint8Array());
    yield utf8("\ufeff");
  }
  await assertRejects(() => tokenizeStream(pieces()), RangeError, "no char");
  await assertRejects(
    () => tokenizeStream(inPieces(new Uint8Array(), 1)),
    RangeError,
    "no char",
  );
});
