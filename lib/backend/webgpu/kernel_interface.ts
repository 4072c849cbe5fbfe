import type { DType } from "../backend.ts";

/** A storage binding of a kernel: an array of `dtype`, called `name`. */
export interface Binding {
  readonly index: number;
  readonly name: string;
  readonly dtype: DType;
  readonly written: boolean;
}

/**
 * A number of the uniform `dims`. `<binding>At` is the element of that binding's
 * buffer at which the tensor begins: it is the tensor's, not the caller's to give.
 */
export interface Field {
  readonly name: string;
  readonly dtype: DType;
  /** The binding whose first element this is. */
  readonly binding?: string;
}

/** What a kernel takes, as its source declares it. */
export interface KernelInterface {
  readonly bindings: readonly Binding[];
  readonly fields: readonly Field[];
}

const BINDING =
  /@group\(0\) @binding\((\d+)\) var<storage, (read|read_write)> (\w+): array<(f32|u32)>;/g;
const DIMS = /struct Dims \{\n([^}]*)\}/;
const FIELD = /^ {2}(\w+): (f32|u32),$/gm;

/**
 * Reads a kernel's bindings and uniform out of its source, so that no list beside
 * it can drift from it. Binding 0 is the uniform, `dims: Dims`.
 *
 * @example
 * ```ts
 * import { parseInterface } from "./kernel_interface.ts";
 *
 * const { bindings, fields } = parseInterface(`struct Dims {
 *   size: u32,
 *   inputAt: u32,
 * }
 * @group(0) @binding(0) var<uniform> dims: Dims;
 * @group(0) @binding(1) var<storage, read> input: array<f32>;`);
 * console.assert(bindings[0].name === "input" && !bindings[0].written);
 * console.assert(fields[1].binding === "input");
 * ```
 */
export function parseInterface(source: string): KernelInterface {
  const bindings = [...source.matchAll(BINDING)].map(
    ([, index, access, name, dtype]) => ({
      index: Number(index),
      name,
      dtype: dtype as DType,
      written: access === "read_write",
    }),
  );
  const names = new Set(bindings.map(({ name }) => name));
  const dims = source.match(DIMS)?.[1] ?? "";
  const fields = [...dims.matchAll(FIELD)].map(([, name, dtype]) => {
    const binding = name.endsWith("At") ? name.slice(0, -2) : "";
    return {
      name,
      dtype: dtype as DType,
      ...(names.has(binding) && { binding }),
    };
  });
  return { bindings, fields };
}
