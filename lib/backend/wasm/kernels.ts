/**
 * The compiled kernels: which build this engine takes, and what it exports.
 *
 * @module
 */

import { builds } from "../../../kernels/wasm.generated.ts";
import type { OpName } from "../compiled_op.ts";

/** With or without relaxed SIMD. */
export type Build = keyof typeof builds;

/** A kernel's function. One that takes token ids returns a wrong one, or -1. */
type Kernel = (...numbers: readonly number[]) => number;

/**
 * What kernels/wasm/index.ts exports: a function for every op, whose arguments follow
 * from its signature, and one for the bytes of scratch memory that it needs.
 */
export interface Kernels
  extends
    Readonly<Record<OpName, Kernel>>,
    Readonly<Partial<Record<`${OpName}Scratch`, Kernel>>> {
  /** All bits of `size` words become 0. */
  readonly clear: (tensor: number, size: number) => void;
  readonly applyFunction: (
    f: number,
    x: number,
    y: number,
    count: number,
  ) => void;
  readonly failInThread: () => void;
  readonly hangInThread: (turns: number) => void;
}

/**
 * A module of one function, which needs relaxed SIMD:
 * `(func (result v128) (f32x4.relaxed_madd (v128.const 0) …))`, three zeros.
 */
const RELAXED_PROBE = [
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b], // type () -> v128
  ...[0x03, 0x02, 0x01, 0x00], // one function
  ...[0x0a, 0x13, 0x01, 0x11, 0x00], // its body, 17 bytes
  ...[0x41, 0x00, 0xfd, 0x11], // i32.const 0, i32x4.splat
  ...[0x41, 0x00, 0xfd, 0x11],
  ...[0x41, 0x00, 0xfd, 0x11],
  ...[0xfd, 0x85, 0x02, 0x0b], // f32x4.relaxed_madd, end
];

/** The fastest build that this engine takes. */
export function fastestBuild(): Build {
  const relaxed = WebAssembly.validate(new Uint8Array(RELAXED_PROBE));
  return relaxed ? "relaxed" : "plain";
}

/** Compiles a build for a memory that is shared between threads, or is not. */
export function compileKernels(
  build: Build,
  shared: boolean,
): Promise<WebAssembly.Module> {
  const { base64, memoryFlags } = builds[build];
  const bytes = Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0));
  // The flags of the memory's limits: has a maximum (1), is shared (2).
  if (!shared) bytes[memoryFlags] = 1;
  return WebAssembly.compile(bytes);
}
