import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  concatenated,
  decodeSafetensors,
  encodeSafetensors,
  type Safetensors,
  safetensorsParts,
  type StoredTensor,
} from "../lib/safetensors.ts";
import { entry, file } from "./safetensors_file.ts";

function contents(
  tensors: Record<string, StoredTensor>,
  metadata: Record<string, string> = {},
): Safetensors {
  return {
    tensors: new Map(Object.entries(tensors)),
    metadata: new Map(Object.entries(metadata)),
  };
}

const SAMPLE = contents({
  b: { shape: [2, 2], data: Float32Array.of(1, -0, NaN, 1e-45) },
  scalar: { shape: [], data: Float64Array.of(Math.PI) },
  none: { shape: [2, 0], data: new Float32Array() },
  ids: { shape: [3], data: Uint32Array.of(0, 7, 2 ** 32 - 1) },
  words: { shape: [3], data: Uint16Array.of(0, 258, 2 ** 16 - 1) },
  bytes: { shape: [5], data: Uint8Array.of(0, 1, 2, 254, 255) },
  "é🦕\n": { shape: [1, 1, 1, 1, 1, 1, 1, 1], data: Float32Array.of(3) },
}, { format: "pt", note: 'a "quoted" line\nand 🦕', "": "" });

Deno.test("safetensors come back to the bit", () => {
  for (const sample of [SAMPLE, contents({}), contents({}, { only: "text" })]) {
    const { tensors, metadata } = decodeSafetensors(encodeSafetensors(sample));
    assertEquals(new Map(metadata), new Map(sample.metadata));
    assertEquals(
      [...tensors.keys()].sort(),
      [...sample.tensors.keys()].sort(),
    );
    for (const [name, { shape, data }] of sample.tensors) {
      const read = tensors.get(name)!;
      assertEquals(read.shape, shape);
      assertEquals(read.data.constructor, data.constructor);
      assertEquals(
        new Uint8Array(read.data.buffer),
        new Uint8Array(data.buffer),
      );
    }
  }
});

Deno.test("equal contents in any order give equal bytes", () => {
  const bytes = encodeSafetensors(SAMPLE);
  const reversed = encodeSafetensors({
    tensors: new Map([...SAMPLE.tensors].reverse()),
    metadata: new Map([...SAMPLE.metadata].reverse()),
  });
  assertEquals(reversed, bytes);
});

Deno.test("the header is padded so that the elements are aligned", () => {
  for (let length = 1; length < 20; length++) {
    const bytes = encodeSafetensors(contents({
      a: { shape: [1], data: Float64Array.of(1) },
      ["x".repeat(length)]: { shape: [1], data: Float32Array.of(2) },
    }));
    const header = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    assertEquals(header % 8, 0);
    assertEquals(bytes.length, 8 + header + 12);
    assertEquals(new Float64Array(bytes.buffer, 8 + header, 1)[0], 1);
  }
});

Deno.test("every dtype has the name and the size that the format gives it", () => {
  for (
    const [data, dtype, size] of [
      [Float64Array.of(1), "F64", 8],
      [Float32Array.of(1), "F32", 4],
      [Uint32Array.of(1), "U32", 4],
      [Uint16Array.of(1), "U16", 2],
      [Uint8Array.of(1), "U8", 1],
    ] as const
  ) {
    const bytes = encodeSafetensors(contents({ x: { shape: [1], data } }));
    const header = `{${entry("x", "[1]", `[0,${size}]`, dtype)}}`;
    const text = new TextDecoder().decode(bytes.subarray(8, -size));
    assertEquals(text.trimEnd(), header);
  }
});

Deno.test("the parts of a file are the file, the elements where they lie", () => {
  const [header, ...parts] = safetensorsParts(SAMPLE);
  assertEquals(concatenated([header, ...parts]), encodeSafetensors(SAMPLE));
  const buffers = new Set(
    [...SAMPLE.tensors.values()].map((t) => t.data.buffer),
  );
  assertEquals(new Set(parts.map(({ buffer }) => buffer)), buffers);
  const data = Uint16Array.of(1, 2, 3, 4).subarray(1, 3);
  const view = safetensorsParts(contents({ x: { shape: [2], data } }))[1];
  assertEquals([view.buffer === data.buffer, view.byteOffset, view.length], [
    true,
    2,
    4,
  ]);
});

Deno.test("a view into a larger array is stored alone", () => {
  const data = Float32Array.of(1, 2, 3, 4).subarray(1, 3);
  const bytes = encodeSafetensors(contents({ x: { shape: [2], data } }));
  const padded = new Uint8Array(bytes.length + 3);
  padded.set(bytes, 3); // not aligned to anything
  const { tensors } = decodeSafetensors(padded.subarray(3));
  assertEquals([...tensors.get("x")!.data], [2, 3]);
});

Deno.test("what is read is a copy", () => {
  const bytes = encodeSafetensors(SAMPLE);
  const { tensors } = decodeSafetensors(bytes);
  bytes.fill(0xff);
  assertEquals(tensors.get("scalar")!.data[0], Math.PI);
});

Deno.test("a file as the original library writes it is read", () => {
  const header = `{"__metadata__":{"format":"pt"},${
    entry("a", "[2,0]", "[0,0]")
  },${entry("b", "[]", "[0,4]")}}`;
  for (const text of [header, `${header}   \n`, ` \n${header}`]) {
    const { tensors, metadata } = decodeSafetensors(file(text, 4));
    assertEquals(metadata.get("format"), "pt");
    assertEquals(tensors.get("a")!.shape, [2, 0]);
    assertEquals([...tensors.get("b")!.data], [0]);
  }
  // Names in any order, not that of the elements.
  const swapped = `{${entry("x", "[1]", "[4,8]")},${
    entry("y", "[1]", "[0,4]")
  }}`;
  assertEquals(decodeSafetensors(file(swapped, 8)).tensors.size, 2);
});

Deno.test("special names are names of tensors like any other", () => {
  const header = `{${entry("__proto__", "[1]", "[0,4]")},${
    entry("constructor", "[1]", "[4,8]")
  }}`;
  const { tensors } = decodeSafetensors(file(header, 8));
  assertEquals([...tensors.keys()], ["__proto__", "constructor"]);
});

Deno.test("a tensor that does not fit its shape is not written", () => {
  const data = new Float32Array(6);
  const shapes = [[2, 2], [], [-2, -3], [1.5, 4], [6, ...Array(8).fill(1)]];
  for (const shape of shapes) {
    assertThrows(
      () => encodeSafetensors(contents({ x: { shape, data } })),
      RangeError,
      `Cannot store x: 6 elements for the shape (${shape.join(", ")})`,
    );
  }
});

Deno.test("a name that could not be read is not written", () => {
  const stored = { shape: [1], data: Float32Array.of(1) };
  for (const name of ["__metadata__", "\ud800"]) {
    assertThrows(
      () => encodeSafetensors(contents({ [name]: stored })),
      RangeError,
      "under the name",
    );
  }
});

Deno.test("a file cut off or extended anywhere is refused", () => {
  const bytes = encodeSafetensors(SAMPLE);
  for (let length = 0; length < bytes.length; length++) {
    assertThrows(
      () => decodeSafetensors(bytes.subarray(0, length)),
      SyntaxError,
      "Not a safetensors file",
    );
  }
  for (let more = 1; more <= 64; more++) {
    const extended = new Uint8Array(bytes.length + more);
    extended.set(bytes);
    assertThrows(
      () => decodeSafetensors(extended),
      SyntaxError,
      `${more} bytes follow`,
    );
  }
});

Deno.test("a bit flipped anywhere gives a file or a SyntaxError", () => {
  const bytes = encodeSafetensors(SAMPLE);
  let refused = 0;
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const damaged = bytes.slice();
    damaged[bit >> 3] ^= 1 << (bit & 7);
    try {
      decodeSafetensors(damaged);
    } catch (error) {
      assert(error instanceof SyntaxError, `bit ${bit}: ${error}`);
      refused++;
    }
  }
  assert(refused > bytes.length, `${refused} of ${8 * bytes.length}`);
});
