/**
 * One case of the contract on a backend, in Deno or in a page.
 *
 * @module
 */

import type { Backend, Tensor } from "../../lib/backend/backend.ts";
import { sizeOf } from "../../lib/backend/shapes.ts";
import { type Case, GUARD } from "./cases.ts";

/** What the numbers around an argument are. */
const GUARD_VALUE = 12345;

/** Runs a case and reads every argument back, the guards included. */
export async function runCase(
  backend: Backend,
  { arguments: given, call, guard = GUARD }: Case,
): Promise<Record<string, ArrayLike<number>>> {
  const owners: Record<string, Tensor> = {};
  const views: Record<string, Tensor> = {};
  for (const [name, { shape, dtype, values }] of Object.entries(given)) {
    const size = sizeOf(shape);
    const owner = backend.allocate([guard + size + guard], dtype);
    const initial = new Array(guard + size + guard).fill(GUARD_VALUE);
    // What a result held before must not matter.
    for (let i = 0; i < size; i++) initial[guard + i] = values?.[i] ?? 7777;
    backend.write(owner, initial);
    owners[name] = owner;
    views[name] = owner.view(guard, shape);
  }
  call(backend.ops, views);
  // At once: on a GPU one read takes as long as many.
  const results = await Promise.all(
    Object.entries(owners).map(async ([name, owner]) => {
      const values: ArrayLike<number> = await backend.read(owner);
      backend.free(owner);
      return [name, values] as const;
    }),
  );
  return Object.fromEntries(results);
}

/** Throws where an element is further than its argument's tolerance allows. */
export function compare(
  { name, arguments: given, guard = GUARD }: Case,
  actual: Record<string, ArrayLike<number>>,
  expected: Record<string, ArrayLike<number>>,
): void {
  for (const [argument, { shape, tolerance = 0 }] of Object.entries(given)) {
    const size = sizeOf(shape);
    for (let i = 0; i < size + 2 * guard; i++) {
      const inside = i >= guard && i < guard + size;
      const distance = Math.abs(actual[argument][i] - expected[argument][i]);
      if (distance <= (inside ? tolerance : 0)) continue;
      throw new Error(
        `${name}: ${argument}[${i - guard}] is ${actual[argument][i]}, ` +
          `expected ${expected[argument][i]} within ${tolerance}` +
          (inside ? "" : " (outside of the tensor)"),
      );
    }
  }
}
