/**
 * Barriers that Deno's and Firefox's implementation of WebGPU, wgpu, puts before
 * dispatches.
 *
 * @module
 */

import { parseInterface } from "../../../lib/backend/webgpu/kernel_interface.ts";
import type { StubBuffer, StubCall } from "./stub_gpu.ts";

/** How a command uses a buffer. */
type Use = "read" | "write" | "copied from" | "copied to";

/** Uses of which two in a row need no barrier between them. */
const INCLUSIVE: ReadonlySet<Use> = new Set(["read", "copied from"]);

/**
 * Which of the calls are dispatches with a barrier before them. wgpu goes by whole
 * buffers: there is a barrier where one is used otherwise than by the command before
 * that used it, or is written by either. The first use of a buffer in a submission
 * needs none of its own.
 */
export function dispatchesBehindBarriers(
  calls: readonly StubCall[],
): ReadonlySet<StubCall> {
  const uses = new Map<StubBuffer, Use>();
  const found = new Set<StubCall>();
  for (const call of calls) {
    if (call.kind === "submit") uses.clear();
    for (const [buffer, use] of usesOf(call)) {
      const before = uses.get(buffer);
      const isSettled = before === use && INCLUSIVE.has(use);
      if (call.kind === "dispatch" && before !== undefined && !isSettled) {
        found.add(call);
      }
      uses.set(buffer, use);
    }
  }
  return found;
}

function usesOf(call: StubCall): [StubBuffer, Use][] {
  if (call.kind === "copy") {
    return [[call.source, "copied from"], [call.destination, "copied to"]];
  }
  if (call.kind !== "dispatch") return [];
  const { bindings } = parseInterface(call.pipeline.code);
  return bindings.map(({ index, written }) => [
    call.buffers.get(index)!,
    written ? "write" : "read",
  ]);
}
