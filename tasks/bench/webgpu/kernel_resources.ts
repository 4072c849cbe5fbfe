/**
 * What a workgroup of a kernel takes: invocations, and memory.
 *
 * @module
 */

/** What a device must have for one workgroup. */
export interface KernelResources {
  /** Invocations in x, y and z. */
  readonly size: readonly [number, number, number];
  /** Bytes of workgroup memory. */
  readonly memory: number;
}

/** Bytes of a type, and how they are aligned. */
interface Layout {
  readonly size: number;
  readonly alignment: number;
}

/** WGSL's layout of the types that kernels have in workgroup memory. */
const LAYOUTS: ReadonlyMap<string, Layout> = new Map([
  ["f32", { size: 4, alignment: 4 }],
  ["u32", { size: 4, alignment: 4 }],
  ["vec2f", { size: 8, alignment: 8 }],
  ["vec2u", { size: 8, alignment: 8 }],
  ["vec3f", { size: 12, alignment: 16 }],
  ["vec3u", { size: 12, alignment: 16 }],
  ["vec4f", { size: 16, alignment: 16 }],
  ["vec4u", { size: 16, alignment: 16 }],
]);

/**
 * Reads the resources out of a kernel's source, its own file and its parts joined.
 * Memory is added up as the limit `maxComputeWorkgroupStorageSize` is: each variable
 * is rounded up to 16 bytes.
 *
 * @param overrides Values that overrides have in place of their defaults.
 * @throws {TypeError} If a type or an expression is none that kernels use so far.
 *
 * @example
 * ```ts
 * import { resourcesOf } from "./kernel_resources.ts";
 *
 * const { size, memory } = resourcesOf(`
 * override SIZE: u32 = 64;
 * var<workgroup> sums: array<vec3f, SIZE + 1>;
 * @compute @workgroup_size(SIZE, 2)
 * fn main() {}`);
 * console.assert(size.join() === "64,2,1");
 * console.assert(memory === 65 * 16);
 * ```
 */
export function resourcesOf(
  source: string,
  overrides: Readonly<Record<string, number>> = {},
): KernelResources {
  const code = source.replaceAll(/ *\/\/.*$/gm, "");
  const constants = expressionsOf(code);
  for (const [name, value] of Object.entries(overrides)) {
    constants.set(name, String(value));
  }
  const number = (text: string) => evaluate(text, constants);
  const sizes = code.match(/@workgroup_size\(([^)]*)\)/)?.[1].split(",") ?? [];
  const [x = 1, y = 1, z = 1] = sizes.map(number);
  let memory = 0;
  for (const [, type] of code.matchAll(/^var<workgroup> \w+: (.+);\s*$/gm)) {
    memory += roundedUp(layoutOf(type, code, number).size, 16);
  }
  return { size: [x, y, z], memory };
}

/** The texts of all constants and overrides, by name. */
function expressionsOf(code: string): Map<string, string> {
  return new Map(
    [...code.matchAll(/^(?:override|const) (\w+)(?:: u32)? = ([^;]+);/gm)]
      .map(([, name, text]) => [name, text]),
  );
}

/** A sum of products of whole numbers, names of such, and brackets. */
function evaluate(
  text: string,
  constants: ReadonlyMap<string, string>,
): number {
  const tokens = text.match(/\w+|[^\s\w]/g) ?? [];
  const fail = (): never => {
    throw new TypeError(`Cannot tell what ${text.trim()} is, in a kernel`);
  };
  const factor = (): number => {
    const token = tokens.shift() ?? fail();
    if (token === "(") {
      const inner = sum();
      return tokens.shift() === ")" ? inner : fail();
    }
    const named = constants.get(token);
    if (named !== undefined) return evaluate(named, constants);
    return /^\d+u?$/.test(token) ? parseInt(token) : fail();
  };
  const product = (): number => {
    let value = factor();
    while (tokens[0] === "*") {
      tokens.shift();
      value *= factor();
    }
    return value;
  };
  const sum = (): number => {
    let value = product();
    while (tokens[0] === "+") {
      tokens.shift();
      value += product();
    }
    return value;
  };
  const value = sum();
  return tokens.length === 0 ? value : fail();
}

/** The layout of a type, which may be an alias, a structure or an array. */
function layoutOf(
  type: string,
  code: string,
  number: (text: string) => number,
): Layout {
  const known = LAYOUTS.get(type);
  if (known) return known;
  const layout = (inner: string) => layoutOf(inner, code, number);
  const atomic = type.match(/^atomic<(\w+)>$/);
  if (atomic) return layout(atomic[1]);
  const array = type.match(/^array<(.+?), ([^<>]+)>$/);
  if (array) {
    const { size, alignment } = layout(array[1]);
    return { size: roundedUp(size, alignment) * number(array[2]), alignment };
  }
  const alias = code.match(new RegExp(`^alias ${type} = (\\w+);`, "m"));
  if (alias) return layout(alias[1]);
  const struct = code.match(new RegExp(`^struct ${type} \\{([^}]*)\\}`, "m"));
  if (!struct) throw new TypeError(`Cannot tell how large a ${type} is`);
  let end = 0, widest = 1;
  for (const [, member] of struct[1].matchAll(/: (\w+)/g)) {
    const { size, alignment } = layout(member);
    end = roundedUp(end, alignment) + size;
    widest = Math.max(widest, alignment);
  }
  return { size: roundedUp(end, widest), alignment: widest };
}

function roundedUp(size: number, unit: number): number {
  return Math.ceil(size / unit) * unit;
}
