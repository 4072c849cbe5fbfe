import {
  assertInFile,
  fieldsOf,
  malformed,
  setMetadata,
  splitSafetensors,
} from "../safetensors.ts";
import type { Json } from "../strict_json.ts";

/** A tensor of a safetensors file, of whatever type, its elements not yet read. */
export interface ListedTensor {
  readonly name: string;
  /** As the file has it: `F32`, `BF16`, `I64`, … */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Its part of the file. */
  readonly bytes: Uint8Array;
}

/** What a safetensors file holds. */
export interface Listing {
  /** In the order of the header. */
  readonly tensors: readonly ListedTensor[];
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * Lists the tensors of any safetensors file, also those of types that
 * `decodeSafetensors` does not read.
 *
 * @throws {SyntaxError} If the header is not one of the format, or a tensor lies
 * outside the file.
 *
 * @example
 * ```ts
 * import { encodeSafetensors } from "../safetensors.ts";
 * import { listSafetensors } from "./listing.ts";
 *
 * const tensors = new Map([["x", { shape: [2], data: new Float32Array(2) }]]);
 * const bytes = encodeSafetensors({ tensors, metadata: new Map() });
 * console.assert(listSafetensors(bytes).tensors[0].dtype === "F32");
 * ```
 */
export function listSafetensors(bytes: Uint8Array): Listing {
  const { header, payload } = splitSafetensors(bytes);
  const tensors: ListedTensor[] = [];
  const metadata = new Map<string, string>();
  for (const [name, entry] of header) {
    const fields = fieldsOf(entry, name);
    if (name === "__metadata__") {
      setMetadata(metadata, fields);
      continue;
    }
    const dtype = fields.get("dtype");
    const shape = fields.get("shape"), offsets = fields.get("data_offsets");
    if (typeof dtype !== "string" || !isNumbers(shape) || !isNumbers(offsets)) {
      return malformed(`tensor ${name} lacks a type, a shape or its offsets`);
    }
    const [begin, end] = offsets;
    if (offsets.length !== 2 || begin > end) {
      malformed(`tensor ${name} has invalid offsets`);
    }
    assertInFile(name, end, payload);
    tensors.push({ name, dtype, shape, bytes: payload.subarray(begin, end) });
  }
  return { tensors, metadata };
}

function isNumbers(value: Json | undefined): value is readonly number[] {
  return Array.isArray(value) &&
    value.every((item) => typeof item === "number");
}
