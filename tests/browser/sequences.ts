/**
 * Recurrent layers whose whole sequence is one dispatch, in a page.
 *
 * @module
 */

import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { openWebGPU } from "../../lib/backend/webgpu/webgpu_backend.ts";
import { recurrentCases } from "../backend/cases.ts";
import { compare, runCase } from "../backend/run_case.ts";

/**
 * Compares all cells with the reference.
 *
 * @returns How many cases there were.
 * @throws {Error} If a result is further from the reference than its tolerance.
 */
export async function compareSequences(): Promise<number> {
  using backend = await openWebGPU({ engine: "sequence" });
  using reference = openReference({ precision: "float64" });
  // Of four rows in a workgroup, the last of which has one.
  const cases = recurrentCases({ T: 3, B: 33, H: 12 })
    .map((one) => ({ ...one, guard: 4 }));
  for (const one of cases) {
    const actual = await runCase(backend, one);
    compare(one, actual, await runCase(reference, one));
  }
  return cases.length;
}
