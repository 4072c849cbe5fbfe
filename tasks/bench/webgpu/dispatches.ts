/**
 * Dispatches as they were recorded, with what they do.
 *
 * @module
 */

import { parseInterface } from "../../../lib/backend/webgpu/kernel_interface.ts";
import type { KernelName } from "../../../lib/backend/webgpu/kernels.ts";
import { resourcesOf } from "./kernel_resources.ts";
import {
  type Extents,
  KERNEL_WORK,
  type KernelWork,
  type Numbers,
} from "./kernel_work.ts";
import type { StubBuffer, StubDispatch } from "./stub_gpu.ts";

/** Elements of a buffer: those from `from` on, before `to`. */
export interface Span {
  readonly buffer: StubBuffer;
  readonly from: number;
  readonly to: number;
}

/** A dispatch, with what it does. */
export interface Dispatch {
  /** The kernel's name, then the overrides that are set. */
  readonly label: string;
  /** Workgroups in x, y and z. */
  readonly grid: readonly [number, number, number];
  /** Invocations of a workgroup. */
  readonly invocations: number;
  /** Bytes of a workgroup's memory. */
  readonly memory: number;
  /** NaN where they are unknown. */
  readonly flops: number;
  /** Bytes of all elements read and of all written, each once. */
  readonly bytes: number;
  readonly reads: readonly Span[];
  readonly writes: readonly Span[];
}

/** What a dispatch that was submitted does. */
export function describeDispatch(dispatch: StubDispatch): Dispatch {
  const { pipeline: { label, code, constants }, grid } = dispatch;
  const kernel = label.split(" ")[0] as KernelName;
  const numbers = { ...numbersOf(dispatch), ...constants };
  const { flops, reads, writes } = KERNEL_WORK[kernel] ?? allBound(dispatch);
  const { size: [x, y, z], memory } = resourcesOf(code, constants);
  const spans = (extents: Extents) => spansOf(dispatch, numbers, extents);
  const [read, written] = [reads(numbers), writes(numbers)];
  const touched = [...Object.values(read), ...Object.values(written)].map(
    (extent) => typeof extent === "number" ? extent : extent[2] ?? extent[1],
  );
  return {
    label,
    grid,
    invocations: x * y * z,
    memory,
    flops: flops(numbers),
    bytes: 4 * touched.reduce((sum, count) => sum + count, 0),
    reads: spans(read),
    writes: spans(written),
  };
}

/** The work of a kernel of which nothing is known but its bindings. */
function allBound({ pipeline, buffers }: StubDispatch): KernelWork {
  const { bindings } = parseInterface(pipeline.code);
  const extents = (some: typeof bindings) => (numbers: Numbers): Extents =>
    Object.fromEntries(some.map(({ name, index }) => [
      name,
      buffers.get(index)!.size / 4 - numbers[`${name}At`],
    ]));
  return {
    flops: () => NaN,
    reads: extents(bindings),
    writes: extents(bindings.filter(({ written }) => written)),
  };
}

/** The fields of a dispatch's `dims`, its kernel's constants, and its workgroups. */
export function numbersOf(
  { pipeline, grid, uniformBytes }: StubDispatch,
): Numbers {
  const { fields, constants } = parseInterface(pipeline.code);
  const view = new DataView(uniformBytes);
  const values = fields.map(({ name, dtype }, i) => [
    name,
    dtype === "f32"
      ? view.getFloat32(4 * i, true)
      : view.getUint32(4 * i, true),
  ]);
  const [groupsX, , groupsZ] = grid;
  return { ...constants, ...Object.fromEntries(values), groupsX, groupsZ };
}

function spansOf(
  { pipeline, buffers }: StubDispatch,
  numbers: Numbers,
  extents: Extents,
): Span[] {
  const { bindings } = parseInterface(pipeline.code);
  return Object.entries(extents).map(([name, extent]) => {
    const binding = bindings.find((binding) => binding.name === name);
    if (!binding) throw new TypeError(`${pipeline.label} binds no ${name}`);
    const [begin, size] = typeof extent === "number" ? [0, extent] : extent;
    const from = numbers[`${name}At`] + begin;
    return { buffer: buffers.get(binding.index)!, from, to: from + size };
  });
}

/**
 * The longest chain of dispatches of which each has to wait for the one before: it
 * reads or writes what that one has written, or writes what it has read.
 */
export function longestChain(dispatches: readonly Dispatch[]): number {
  const lengths: number[] = [];
  dispatches.forEach((dispatch, i) => {
    let before = 0;
    for (let j = 0; j < i; j++) {
      if (lengths[j] > before && dependsOn(dispatch, dispatches[j])) {
        before = lengths[j];
      }
    }
    lengths.push(before + 1);
  });
  return Math.max(0, ...lengths);
}

function dependsOn(later: Dispatch, earlier: Dispatch): boolean {
  return meet(earlier.writes, later.reads) ||
    meet(earlier.writes, later.writes) || meet(earlier.reads, later.writes);
}

/** Whether two lists have an element in common. */
function meet(some: readonly Span[], others: readonly Span[]): boolean {
  return some.some((a) =>
    others.some((b) => a.buffer === b.buffer && a.from < b.to && b.from < a.to)
  );
}
