import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  decodeSafetensors,
  encodeSafetensors,
  type StoredTensor,
} from "../../lib/safetensors.ts";
import {
  decodeTokenFile,
  encodeTokenFile,
  tokenFileParts,
} from "../../lib/text/token_file.ts";
import { tokenize } from "../../lib/tokenize.ts";

const CORPUS = tokenize("Zwölf Boxkämpfer\njagen 🙂 <unk>", {
  name: "pangram",
  maxTokens: 20,
});

/** `count` whole numbers from `start` on. */
const range = (start: number, count: number) =>
  Array.from({ length: count }, (_, i) => start + i);

Deno.test("a token file comes back as it was, and is the same twice", () => {
  const bytes = encodeTokenFile(CORPUS);
  assertEquals(decodeTokenFile(bytes), CORPUS);
  assertEquals(encodeTokenFile(decodeTokenFile(bytes)), bytes);
});

Deno.test("a token file holds ids as wide as they are, and the part held out", () => {
  const words = Array.from({ length: 70_000 }, (_, i) => `w${i}`).join(" ");
  for (
    const [text, dtype] of [
      ["to and fro, to and fro", "U8"],
      ["\u4e00".repeat(9) + String.fromCodePoint(...range(0x4e00, 300)), "U16"],
      [words, "U32"],
    ]
  ) {
    const level = dtype === "U32" ? "word" : "char";
    for (const validation of [0, 0.25]) {
      const corpus = tokenize(text, { level, validation });
      const bytes = encodeTokenFile(corpus);
      assertEquals(decodeTokenFile(bytes), corpus);
      const header = new TextDecoder().decode(bytes.subarray(0, 5e6));
      if (validation === 0) assertStringIncludes(header, `"dtype":"${dtype}"`);
      assertEquals(header.includes('"validation":{'), validation > 0);
    }
  }
});

Deno.test("the parts of a token file are its bytes, and no copy of the ids", () => {
  const corpus = tokenize("to and fro, to and fro", { validation: 0.2 });
  const [header, ...parts] = tokenFileParts(corpus);
  assertEquals(
    new Uint8Array([header, ...parts].flatMap((part) => [...part])),
    encodeTokenFile(corpus),
  );
  const buffers = [corpus.ids.buffer, corpus.validation!.buffer];
  assertEquals(parts.map((part) => buffers.indexOf(part.buffer)), [0, 1]);
});

Deno.test("ids of 32 bits are read where 8 would do", () => {
  const { tensors, metadata } = decodeSafetensors(encodeTokenFile(CORPUS));
  const ids = Uint32Array.from(tensors.get("ids")!.data);
  const wide = new Map([["ids", { shape: [ids.length], data: ids }]]);
  const read = decodeTokenFile(encodeSafetensors({ tensors: wide, metadata }));
  assertEquals(read, { ...CORPUS, ids });
});

Deno.test("what is no token file is a SyntaxError", () => {
  const { tensors, metadata } = decodeSafetensors(encodeTokenFile(CORPUS));
  const without = new Map(metadata);
  without.delete("weena.vocabulary");
  const floats = new Map([["ids", { shape: [1], data: new Float32Array(1) }]]);
  const stray = new Map([[
    "ids",
    { shape: [2], data: new Uint32Array([0, 999]) },
  ]]);
  const ids = tensors.get("ids")!;
  const part = (data: Uint8Array | Float32Array) =>
    new Map<string, StoredTensor>([
      ["ids", ids],
      ["validation", { shape: [data.length], data }],
    ]);
  const withCorpus = (change: Record<string, unknown>) => {
    const corpus = JSON.parse(metadata.get("weena.corpus")!);
    const text = JSON.stringify({ ...corpus, ...change });
    return {
      tensors,
      metadata: new Map([...metadata, ["weena.corpus", text]]),
    };
  };
  const tokenizer = { level: "constructor", normalize: "none" };
  for (
    const [contents, includes] of [
      [
        withCorpus({ tokenizer }),
        "its tokenizer is unknown: constructor, none",
      ],
      [withCorpus({ tokenizer: null }), "its tokenizer is not an object"],
      [withCorpus({ name: 1 }), "its name is not a text"],
      [withCorpus({ lines: -1 }), "its number of lines is not a whole number"],
      [{ tensors, metadata: without }, "does not hold ids and a vocabulary"],
      [{ tensors: floats, metadata }, "does not hold ids and a vocabulary"],
      [{ tensors: stray, metadata }, "the id 999"],
      [{ tensors: part(Uint8Array.of(0, 99)), metadata }, "the id 99"],
      [
        { tensors: part(new Float32Array(2)), metadata },
        "does not consist of ids",
      ],
    ] as const
  ) {
    const bytes = encodeSafetensors(contents);
    assertThrows(() => decodeTokenFile(bytes), SyntaxError, includes);
  }
  assertThrows(() => decodeTokenFile(new Uint8Array(3)), SyntaxError);
});
