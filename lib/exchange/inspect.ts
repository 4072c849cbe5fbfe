/**
 * The contents of a safetensors file.
 *
 * @module
 */

import { decodeSafetensors } from "../safetensors.ts";
import { isWhole } from "../training/checkpoint.ts";
import { type ListedTensor, listSafetensors } from "./listing.ts";

/** A tensor, and statistics of its elements. */
export interface InspectedTensor {
  /** Its name, such as `rnn.weight_ih_l0`. */
  readonly name: string;
  /** The type as given in the file: `F32`, `BF16`, `I64`, … */
  readonly dtype: string;
  /** Extent of each dimension. */
  readonly shape: readonly number[];
  /** Size of its elements in bytes. */
  readonly bytes: number;
  /**
   * Statistics of the finite elements; undefined if there are none or their type is
   * unknown.
   */
  readonly values?: {
    readonly min: number;
    readonly max: number;
    readonly mean: number;
  };
  /** Number of elements that are not finite: NaN and ±∞. */
  readonly nonFinite: number;
}

/** The contents of a safetensors file. */
export interface Inspection {
  /**
   * What kind of file it is according to its metadata: a `checkpoint`, a model that was
   * `imported`, or the `tokens` of a text; all other files are `tensors`.
   */
  readonly kind: "checkpoint" | "imported" | "tokens" | "tensors";
  /** The tensors, in the order of the file's header. */
  readonly tensors: readonly InspectedTensor[];
  /** The metadata: texts by key. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Whether the SHA-256 stored in a checkpoint matches the rest of the file. */
  readonly digest: "valid" | "invalid" | "none";
}

/**
 * Lists the contents of a safetensors file, whatever program wrote it. Damaged
 * checkpoints and weights that are not finite are listed, not rejected.
 *
 * @throws {SyntaxError} If the bytes are not a safetensors file.
 *
 * @example
 * ```ts
 * import { encodeSafetensors } from "../safetensors.ts";
 * import { inspect } from "./inspect.ts";
 *
 * const data = new Float32Array([1, NaN, 3]);
 * const tensors = new Map([["x", { shape: [3], data }]]);
 * const bytes = encodeSafetensors({ tensors, metadata: new Map() });
 * const inspection = await inspect(bytes);
 * const [{ values, nonFinite }] = inspection.tensors;
 * console.assert(values!.mean === 2 && nonFinite === 1);
 * console.assert(inspection.kind === "tensors");
 * ```
 */
export async function inspect(bytes: Uint8Array): Promise<Inspection> {
  const { tensors, metadata } = listSafetensors(bytes);
  return {
    kind: kindOf(metadata),
    tensors: tensors.map(inspectTensor),
    metadata,
    digest: metadata.has("weena.sha256")
      ? await hasValidDigest(bytes) ? "valid" : "invalid"
      : "none",
  };
}

function kindOf(metadata: ReadonlyMap<string, string>): Inspection["kind"] {
  if (metadata.has("weena.training")) return "checkpoint";
  if (metadata.has("weena.config")) return "imported";
  return metadata.has("weena.vocabulary") ? "tokens" : "tensors";
}

async function hasValidDigest(bytes: Uint8Array): Promise<boolean> {
  try {
    return await isWhole(decodeSafetensors(bytes));
  } catch {
    return false; // of types, or laid out, as no checkpoint is
  }
}

/** How to read the elements of each type. */
const READERS: Readonly<
  Record<string, (bytes: ArrayBuffer) => ArrayLike<number | bigint>>
> = {
  F64: (bytes) => new Float64Array(bytes),
  F32: (bytes) => new Float32Array(bytes),
  F16: (bytes) => new Float16Array(bytes),
  // The upper half of a float32.
  BF16: (bytes) =>
    new Float32Array(
      Uint32Array.from(new Uint16Array(bytes), (x) => x << 16).buffer,
    ),
  I64: (bytes) => new BigInt64Array(bytes),
  I32: (bytes) => new Int32Array(bytes),
  I16: (bytes) => new Int16Array(bytes),
  I8: (bytes) => new Int8Array(bytes),
  U64: (bytes) => new BigUint64Array(bytes),
  U32: (bytes) => new Uint32Array(bytes),
  U16: (bytes) => new Uint16Array(bytes),
  U8: (bytes) => new Uint8Array(bytes),
  BOOL: (bytes) => new Uint8Array(bytes),
};

function inspectTensor(
  { name, dtype, shape, bytes }: ListedTensor,
): InspectedTensor {
  const listed = { name, dtype, shape, bytes: bytes.length };
  if (!Object.hasOwn(READERS, dtype)) return { ...listed, nonFinite: 0 };
  let elements: ArrayLike<number | bigint>;
  try {
    elements = READERS[dtype](bytes.slice().buffer);
  } catch {
    return { ...listed, nonFinite: 0 }; // no whole number of elements
  }
  let min = Infinity, max = -Infinity, sum = 0, finite = 0;
  for (let i = 0; i < elements.length; i++) {
    const value = Number(elements[i]);
    if (!Number.isFinite(value)) continue;
    finite++;
    sum += value;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return {
    ...listed,
    ...(finite > 0 && { values: { min, max, mean: sum / finite } }),
    nonFinite: elements.length - finite,
  };
}
