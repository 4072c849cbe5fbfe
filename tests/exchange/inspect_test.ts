import { assertEquals, assertRejects } from "@std/assert";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { exportWeights } from "../../lib/exchange/export_weights.ts";
import { importWeights } from "../../lib/exchange/import_weights.ts";
import { inspect } from "../../lib/exchange/inspect.ts";
import { decodeSafetensors, encodeSafetensors } from "../../lib/safetensors.ts";
import { encodeTokenFile } from "../../lib/text/token_file.ts";
import { tokenize } from "../../lib/tokenize.ts";
import { encodeCheckpoint } from "../../lib/training/checkpoint.ts";
import { run } from "../training/run.ts";

/** A file of one tensor, of any type. */
function fileOf(
  dtype: string,
  shape: number[],
  data: ArrayBufferView,
): Uint8Array {
  const end = data.byteLength;
  const header = JSON.stringify({
    x: { dtype, shape, data_offsets: [0, end] },
  });
  const bytes = new Uint8Array(8 + header.length + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(new TextEncoder().encode(header), 8);
  bytes.set(
    new Uint8Array(data.buffer, data.byteOffset, end),
    8 + header.length,
  );
  return bytes;
}

Deno.test("the elements of every type are read", async () => {
  const cases: [string, ArrayBufferView][] = [
    ["F64", Float64Array.of(-2, 1, 4)],
    ["F32", Float32Array.of(-2, 1, 4)],
    ["F16", Float16Array.of(-2, 1, 4)],
    ["BF16", Uint16Array.of(0xc000, 0x3f80, 0x4080)],
    ["I64", BigInt64Array.of(-2n, 1n, 4n)],
    ["I32", Int32Array.of(-2, 1, 4)],
    ["I16", Int16Array.of(-2, 1, 4)],
    ["I8", Int8Array.of(-2, 1, 4)],
  ];
  for (const [dtype, data] of cases) {
    const { tensors, kind, digest } = await inspect(fileOf(dtype, [3], data));
    assertEquals([kind, digest], ["tensors", "none"]);
    assertEquals(tensors, [{
      name: "x",
      dtype,
      shape: [3],
      bytes: data.byteLength,
      values: { min: -2, max: 4, mean: 1 },
      nonFinite: 0,
    }]);
  }
  for (
    const [dtype, data] of [
      ["U64", BigUint64Array.of(1n, 3n)],
      ["U32", Uint32Array.of(1, 3)],
      ["U16", Uint16Array.of(1, 3)],
      ["U8", Uint8Array.of(1, 3)],
      ["BOOL", Uint8Array.of(1, 3)],
    ] as const
  ) {
    const { tensors: [{ values }] } = await inspect(fileOf(dtype, [2], data));
    assertEquals(values, { min: 1, max: 3, mean: 2 });
  }
});

Deno.test("what cannot be read, is not finite or is not there is listed, too", async () => {
  const [unknown] =
    (await inspect(fileOf("F8_E4M3", [2], new Uint8Array(2)))).tensors;
  assertEquals(unknown.dtype, "F8_E4M3");
  assertEquals("values" in unknown, false);
  const [odd] = (await inspect(fileOf("F32", [1], new Uint8Array(3)))).tensors;
  assertEquals(odd.bytes, 3);
  const [some] =
    (await inspect(fileOf("F32", [4], Float32Array.of(NaN, 2, -Infinity, 4))))
      .tensors;
  assertEquals(some.values, { min: 2, max: 4, mean: 3 });
  assertEquals(some.nonFinite, 2);
  const [none] =
    (await inspect(fileOf("F32", [0], new Float32Array(0)))).tensors;
  assertEquals([none.shape, none.nonFinite, "values" in none], [[0], 0, false]);
});

Deno.test("each kind of file is known, and whether its digest is right", async () => {
  using backend = openReference();
  const corpus = tokenize("to and fro");
  const { checkpoint, bytes } = await run(corpus, backend, {
    hiddenSize: 2,
    batchSize: 1,
    numSteps: 2,
    epochs: 1,
  });
  const of = async (file: Uint8Array) => {
    const { kind, digest } = await inspect(file);
    return `${kind}, ${digest}`;
  };
  assertEquals(await of(bytes), "checkpoint, valid");
  const weights = exportWeights(checkpoint);
  assertEquals(await of(weights), "tensors, none");
  const imported = importWeights(weights, {
    vocabulary: checkpoint.vocabulary.tokens,
  });
  assertEquals(await of(await encodeCheckpoint(imported)), "imported, valid");
  assertEquals(await of(encodeTokenFile(corpus)), "tokens, none");
  // A flipped bit in the weights, and one that is not a number.
  const flipped = bytes.slice();
  flipped[flipped.length - 1] ^= 1;
  assertEquals(await of(flipped), "checkpoint, invalid");
  const { tensors, metadata } = decodeSafetensors(bytes);
  tensors.get("linear.bias")!.data.fill(NaN);
  const spoilt = await inspect(encodeSafetensors({ tensors, metadata }));
  assertEquals(spoilt.digest, "invalid");
  assertEquals(
    spoilt.tensors.find(({ name }) => name === "linear.bias")!.nonFinite,
    checkpoint.config.vocabularySize,
  );
});

Deno.test("what is no safetensors file is refused", async () => {
  const cases: [Uint8Array, string][] = [
    [new Uint8Array(3), "3 bytes are too few"],
    [new TextEncoder().encode("GGUF and more"), "a GGUF file"],
    [
      fileOf("F32", [1], new Float32Array(1)).subarray(0, -1),
      "beyond the end of the file",
    ],
  ];
  for (const [bytes, message] of cases) {
    await assertRejects(() => inspect(bytes), SyntaxError, message);
  }
});
