import type { DType } from "../tensor.ts";

/** A storage binding of a kernel: an array of `dtype`, or of four of it together. */
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

/** By the names of `override`s; 1 is true. */
export type Overrides = Readonly<Record<string, number>>;

/** What a kernel takes and how it cuts up its work, as its source declares it. */
export interface KernelInterface {
  /** In the order of their indices, which begin at 1. */
  readonly bindings: readonly Binding[];
  /** In the order of the struct. */
  readonly fields: readonly Field[];
  /** Whole numbers by name: `override`s of u32 with their defaults, and `const`s. */
  readonly constants: Readonly<Record<string, number>>;
  /** Names of the `override`s of bool, false by default. */
  readonly flags: readonly string[];
  /** How much of what a dispatch covers one workgroup takes, in x, y and z. */
  readonly share: readonly [number, number, number];
  /** Whether any number of workgroups in x covers all, since each goes on by strides. */
  readonly strides: boolean;
}

const BINDING =
  /@group\(0\) @binding\((\d+)\) var<storage, (read|read_write)> (\w+): array<(f32|u32|vec4f)>;/g;
const DIMS = /struct Dims \{\n([^}]*)\}/;
const FIELD = /^ {2}(\w+): (f32|u32),$/gm;
const NUMBER = /^(?:override (\w+): u32|const (\w+)) = ([\w *]+);/gm;
const FLAG = /^override (\w+): bool = false;/gm;
const MAIN = /@workgroup_size\(([^)]*)\)\s*fn main\(([^{]*)\{/;

/**
 * Reads what a kernel takes out of its source, its own file and its parts joined, so
 * that no list beside it can drift from it. Binding 0 is the uniform, `dims: Dims`.
 *
 * A workgroup's share is what the constants `SHARE_X`, `SHARE_Y` and `SHARE_Z` say.
 * Without them it is one of what is covered, or, where main takes its
 * global_invocation_id, one for each invocation.
 *
 * @param overrides Numbers that take the place of the source's.
 *
 * @example
 * ```ts
 * import { parseInterface } from "./kernel_interface.ts";
 *
 * const { bindings, fields, constants, share, strides } = parseInterface(`
 * override SIZE: u32 = 64;
 * struct Dims {
 *   size: u32,
 *   inputAt: u32,
 * }
 * @group(0) @binding(0) var<uniform> dims: Dims;
 * @group(0) @binding(1) var<storage, read> input: array<f32>;
 * @compute @workgroup_size(SIZE)
 * fn main(@builtin(global_invocation_id) id: vec3u) {}`);
 * console.assert(bindings[0].name === "input" && !bindings[0].written);
 * console.assert(fields[1].binding === "input");
 * console.assert(constants.SIZE === 64 && share[0] === 64 && !strides);
 * ```
 */
export function parseInterface(
  source: string,
  overrides: Overrides = {},
): KernelInterface {
  const bindings = [...source.matchAll(BINDING)].map(
    ([, index, access, name, type]) => ({
      index: Number(index),
      name,
      dtype: type === "u32" ? "u32" : "f32" as DType,
      written: access === "read_write",
    }),
  ).sort((a, b) => a.index - b.index);
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
  const constants = parseConstants(source, overrides);
  const [, size, parameters] = source.match(MAIN) ?? [, "1", ""];
  const invocations = size.split(",").map((x) => valueOf(x, constants));
  const isOneEach = parameters.includes("@builtin(global_invocation_id)");
  const shareOf = (axis: string, i: number) =>
    constants[`SHARE_${axis}`] ?? (isOneEach ? invocations[i] ?? 1 : 1);
  return {
    bindings,
    fields,
    constants,
    flags: [...source.matchAll(FLAG)].map(([, name]) => name),
    share: [shareOf("X", 0), shareOf("Y", 1), shareOf("Z", 2)],
    strides: parameters.includes("@builtin(num_workgroups)"),
  };
}

/** Constants may be products of others, wherever these stand. */
function parseConstants(
  source: string,
  overrides: Overrides,
): Record<string, number> {
  const expressions = new Map(
    [...source.matchAll(NUMBER)].map(([, override, name = override, value]) => [
      name,
      value,
    ]),
  );
  const constants: Record<string, number> = { ...overrides };
  const resolve = (name: string): number =>
    constants[name] ??= expressions.get(name)!.split(" * ").reduce(
      (product, factor) =>
        product *
        (expressions.has(factor) ? resolve(factor) : parseInt(factor)),
      1,
    );
  for (const name of expressions.keys()) resolve(name);
  return constants;
}

/** A whole number, or the constant that it is. */
function valueOf(
  text: string,
  constants: Readonly<Record<string, number>>,
): number {
  return constants[text.trim()] ?? Number(text);
}
