/**
 * The safetensors format: named tensors and text metadata in one file.
 *
 * A file is 8 bytes of header length (little-endian), a JSON header, and the
 * tensors' elements, little-endian, without a gap or an overlap.
 * Source: https://github.com/huggingface/safetensors, "Format".
 *
 * @module
 */

import { FormatError, InputError } from "./input_error.ts";
import { sizeOf } from "./backend/shapes.ts";
import { isText } from "./exchange/file_kind.ts";
import { foreignFormat } from "./exchange/foreign_format.ts";
import { type Json, parseStrictJson } from "./strict_json.ts";

/** Elements of a stored tensor: dtype F64, F32, U32, U16 or U8. */
export type Elements =
  | Float64Array
  | Float32Array
  | Uint32Array
  | Uint16Array
  | Uint8Array;

/** A tensor as stored: row-major. */
export interface StoredTensor {
  readonly shape: readonly number[];
  readonly data: Elements;
}

/** Contents of a file. */
export interface Safetensors {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** Longest header that is read or written, in bytes, as in the original reader. */
const MAX_HEADER = 100_000_000;

const ELEMENTS = {
  F64: Float64Array,
  F32: Float32Array,
  U32: Uint32Array,
  U16: Uint16Array,
  U8: Uint8Array,
};

type DTypeName = keyof typeof ELEMENTS;

/**
 * Writes a file. The same contents give the same bytes: tensors go by falling
 * element size, then name; metadata by key.
 *
 * @throws {RangeError} If a tensor's data does not fit its shape, or the reader
 * would refuse the name, the shape or the length of the header.
 *
 * @example
 * ```ts
 * import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";
 *
 * const tensors = new Map([["x", { shape: [2], data: new Float32Array([1, 2]) }]]);
 * const bytes = encodeSafetensors({ tensors, metadata: new Map() });
 * console.assert(decodeSafetensors(bytes).tensors.get("x")!.data[1] === 2);
 * ```
 */
export function encodeSafetensors(contents: Safetensors): Uint8Array {
  return concatenated(safetensorsParts(contents));
}

/**
 * A file in parts: the header, then the elements of each tensor where they lie, so
 * that a large one can be written without a copy of it.
 *
 * @throws {RangeError} As {@linkcode encodeSafetensors}.
 */
export function safetensorsParts(
  { tensors, metadata }: Safetensors,
): Uint8Array[] {
  const ordered = [...tensors].sort(([a, x], [b, y]) =>
    y.data.BYTES_PER_ELEMENT - x.data.BYTES_PER_ELEMENT || (a < b ? -1 : 1)
  );
  let end = 0;
  const entries = ordered.map(([name, { shape, data }]) => {
    if (name === "__metadata__" || !name.isWellFormed()) {
      throw new InputError(
        `Cannot store a tensor under the name ${JSON.stringify(name)}`,
      );
    }
    const countable = shape.every((n) => Number.isSafeInteger(n) && n >= 0);
    if (!countable || shape.length > 8 || sizeOf(shape) !== data.length) {
      throw new InputError(
        `Cannot store ${name}: ${data.length} elements for the shape ` +
          `(${shape.join(", ")})`,
      );
    }
    const begin = end;
    end += data.byteLength;
    const dtype = dtypeOf(data);
    const entry = { dtype, shape, data_offsets: [begin, end] };
    return `${JSON.stringify(name)}:${JSON.stringify(entry)}`;
  });
  if (metadata.size > 0) {
    const pairs = [...metadata].sort(([a], [b]) => a < b ? -1 : 1)
      .map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
    entries.unshift(`"__metadata__":{${pairs.join(",")}}`);
  }
  const header = new TextEncoder().encode(`{${entries.join(",")}}`);
  const padded = Math.ceil(header.length / 8) * 8;
  if (padded > MAX_HEADER) {
    throw new InputError(`Cannot store a header of ${padded} bytes`);
  }
  const head = new Uint8Array(8 + padded).fill(0x20, 8);
  new DataView(head.buffer).setBigUint64(0, BigInt(padded), true);
  head.set(header, 8);
  return [
    head,
    // Every platform with typed arrays that JavaScript runs on is little-endian.
    ...ordered.map(([, { data }]) =>
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    ),
  ];
}

/** The parts of a file, one behind the other. */
export function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * Reads a file, trusting nothing: lengths, types, shapes and offsets are checked
 * before any element is looked at. The tensors are copies.
 *
 * @param isWanted Which tensors are read, by name; others may be of any type. Left
 * out: all.
 * @throws {SyntaxError} If the bytes are not a well-formed file; says why.
 */
export function decodeSafetensors(
  bytes: Uint8Array,
  isWanted: (name: string) => boolean = () => true,
): Safetensors {
  const { header, payload } = splitSafetensors(bytes);
  const metadata = new Map<string, string>();
  const tensors = new Map<string, StoredTensor>();
  const stretches: { begin: number; end: number; take: () => void }[] = [];
  for (const [name, entry] of header) {
    if (name === "__metadata__") {
      setMetadata(metadata, fieldsOf(entry, name));
      continue;
    }
    const { dtype, shape, begin, end } = tensorEntry(
      name,
      entry,
      isWanted(name),
    );
    assertInFile(name, end, payload);
    const take = () => {
      if (dtype === undefined) return;
      const data = new ELEMENTS[dtype](payload.slice(begin, end).buffer);
      tensors.set(name, { shape, data });
    };
    stretches.push({ begin, end, take });
  }
  const inOrder = stretches.toSorted((a, b) =>
    a.begin - b.begin || a.end - b.end
  );
  let tiled = 0;
  for (const { begin, end } of inOrder) {
    if (begin !== tiled) malformed("tensors overlap or leave a gap");
    tiled = end;
  }
  if (tiled !== payload.length) {
    malformed(`${payload.length - tiled} bytes follow the last tensor`);
  }
  // Only now: many names for the same bytes would be copied as many times.
  for (const { take } of stretches) take();
  return { tensors, metadata };
}

/** The header and the elements' bytes of a file, the header's entries unchecked. */
export function splitSafetensors(
  bytes: Uint8Array,
): { header: ReadonlyMap<string, Json>; payload: Uint8Array } {
  const foreign = foreignFormat(bytes);
  if (foreign) malformed(`it is ${foreign}`);
  if (bytes.length < 8) {
    malformed(`${bytes.length} bytes are too few for a header`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  if (length > MAX_HEADER) {
    malformed(
      isText(bytes.subarray(0, 64))
        ? "it looks like a text"
        : `a header of ${length} bytes is too long`,
    );
  }
  const end = 8 + Number(length);
  if (end > bytes.length) {
    malformed(
      `the file ends within its header: it has ${bytes.length} of ` +
        `${end} bytes. It is truncated: copy or download it again`,
    );
  }
  let header: Json;
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    header = parseStrictJson(decoder.decode(bytes.subarray(8, end)), 4);
  } catch (error) {
    return malformed(
      `the header is not valid JSON: ${(error as Error).message}`,
    );
  }
  return {
    header: fieldsOf(header, "the header"),
    payload: bytes.subarray(end),
  };
}

/** Sets the entries of a header's metadata; refuses what is no string. */
export function setMetadata(
  metadata: Map<string, string>,
  fields: ReadonlyMap<string, Json>,
): void {
  for (const [key, value] of fields) {
    if (typeof value !== "string") malformed(`metadata ${key} is not a string`);
    else metadata.set(key, value);
  }
}

/** Refuses a tensor that ends behind the elements' bytes of its file. */
export function assertInFile(
  name: string,
  end: number,
  payload: Uint8Array,
): void {
  if (end <= payload.length) return;
  malformed(
    `tensor ${name} extends beyond the end of the file: ` +
      `${end - payload.length} bytes are missing. The file is ` +
      "truncated: copy or download it again",
  );
}

/** A tensor's entry in the header; of one that is not wanted the place alone. */
function tensorEntry(
  name: string,
  entry: Json,
  isWanted: boolean,
): { dtype?: DTypeName; shape: number[]; begin: number; end: number } {
  const fields = fieldsOf(entry, name);
  if (fields.size !== 3) {
    malformed(`tensor ${name} does not have exactly three fields`);
  }
  const shape = integers(fields.get("shape"), `the shape of ${name}`);
  const offsets = integers(
    fields.get("data_offsets"),
    `the offsets of ${name}`,
  );
  if (shape.length > 8) malformed(`tensor ${name} has more than 8 dimensions`);
  if (offsets.length !== 2) malformed(`tensor ${name} needs two offsets`);
  const [begin, end] = offsets;
  if (!isWanted) {
    if (begin > end) malformed(`tensor ${name} has ${end - begin} bytes`);
    return { shape, begin, end };
  }
  const dtype = fields.get("dtype");
  if (typeof dtype !== "string" || !Object.hasOwn(ELEMENTS, dtype)) {
    return malformed(
      `tensor ${name} has the dtype ${String(dtype)}, expected ` +
        Object.keys(ELEMENTS).join(", "),
    );
  }
  const { BYTES_PER_ELEMENT } = ELEMENTS[dtype as DTypeName];
  if (sizeOf(shape) * BYTES_PER_ELEMENT !== end - begin) {
    malformed(
      `tensor ${name} has ${end - begin} bytes for the shape ` +
        `(${shape.join(", ")}) of ${dtype}`,
    );
  }
  return { dtype: dtype as DTypeName, shape, begin, end };
}

/** The fields of an entry of the header. */
export function fieldsOf(value: Json, name: string): ReadonlyMap<string, Json> {
  return value instanceof Map ? value : malformed(`${name} is not an object`);
}

function integers(value: Json | undefined, name: string): number[] {
  if (
    Array.isArray(value) && value.every((item) => typeof item === "number")
  ) return value;
  return malformed(`${name} is not a list of whole numbers`);
}

function dtypeOf(data: Elements): DTypeName {
  const names = Object.keys(ELEMENTS) as DTypeName[];
  return names.find((name) => data instanceof ELEMENTS[name])!;
}

/** Refuses bytes that are not a well-formed file, and says why. */
export function malformed(reason: string): never {
  throw new FormatError(`Not a safetensors file: ${reason}`);
}
