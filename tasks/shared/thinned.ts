/**
 * Fewer points of a curve that look the same.
 *
 * @module
 */

/**
 * The points of a curve, or where there are more than `most`, of each stretch the
 * lowest and the highest, in order, so that no peak is lost. The first and the last
 * stay.
 *
 * @example
 * ```ts
 * import { thinned } from "./thinned.ts";
 *
 * const points = [3, 1, 9, 2, 2, 2, 2, 5].map((y, x) => ({ x, y }));
 * const ys = thinned(points, 6).map(({ y }) => y);
 * console.assert(ys.join() === "3,1,9,2,5");
 * ```
 */
export function thinned<P extends { readonly y: number }>(
  points: readonly P[],
  most: number,
): readonly P[] {
  if (points.length <= most) return points;
  const stretches = Math.max(1, Math.floor((most - 2) / 2));
  const last = points.length - 1;
  const kept = new Set([0, last]);
  for (let stretch = 0; stretch < stretches; stretch++) {
    const start = Math.floor(stretch * points.length / stretches);
    const end = Math.floor((stretch + 1) * points.length / stretches);
    let low = start, high = start;
    for (let i = start; i < end; i++) {
      if (points[i].y < points[low].y) low = i;
      if (points[i].y > points[high].y) high = i;
    }
    kept.add(low).add(high);
  }
  return [...kept].sort((a, b) => a - b).map((i) => points[i]);
}
