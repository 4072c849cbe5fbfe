import { assertEquals, assertThrows } from "@std/assert";
import { decodeSafetensors, encodeSafetensors } from "../../lib/safetensors.ts";
import { decodeTokenFile, encodeTokenFile } from "../../lib/text/token_file.ts";
import { tokenize } from "../../lib/tokenize.ts";

const CORPUS = tokenize("Zwölf Boxkämpfer\njagen 🙂 <unk>", {
  name: "pangram",
  maxTokens: 20,
});

Deno.test("a token file comes back as it was, and is the same twice", () => {
  const bytes = encodeTokenFile(CORPUS);
  assertEquals(decodeTokenFile(bytes), CORPUS);
  assertEquals(encodeTokenFile(decodeTokenFile(bytes)), bytes);
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
  for (
    const [contents, includes] of [
      [{ tensors, metadata: without }, "no ids and vocabulary"],
      [{ tensors: floats, metadata }, "no ids and vocabulary"],
      [{ tensors: stray, metadata }, "the id 999"],
    ] as const
  ) {
    const bytes = encodeSafetensors(contents);
    assertThrows(() => decodeTokenFile(bytes), SyntaxError, includes);
  }
  assertThrows(() => decodeTokenFile(new Uint8Array(3)), SyntaxError);
});
