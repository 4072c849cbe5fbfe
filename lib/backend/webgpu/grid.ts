import type { KernelInterface } from "./kernel_interface.ts";

/** What a dispatch covers, in x, y and z: elements, columns and rows, slices. */
export type Extents = readonly [number, number?, number?];

/** Workgroups of a kernel that goes on by strides: enough for any device. */
const MOST_STRIDING = 4096;

/**
 * How many workgroups of a kernel cover so much, in x, y and z.
 *
 * @example
 * ```ts
 * import { gridOf } from "./grid.ts";
 *
 * const grid = gridOf({ share: [16, 8, 1], strides: false }, [100, 20]);
 * console.assert(grid.join() === "7,3,1");
 * ```
 */
export function gridOf(
  { share, strides }: Pick<KernelInterface, "share" | "strides">,
  [x, y = 1, z = 1]: Extents,
): [number, number, number] {
  const columns = Math.ceil(x / share[0]);
  return [
    strides ? Math.min(columns, MOST_STRIDING) : columns,
    Math.ceil(y / share[1]),
    Math.ceil(z / share[2]),
  ];
}
