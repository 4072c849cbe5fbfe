/**
 * A curve in a line of text.
 *
 * @module
 */

const BARS = [..."▁▂▃▄▅▆▇█"];

/**
 * Values in order as bars on a logarithmic scale, `▇▅▃▂▁`: the least is the lowest
 * bar and the greatest the highest. Where there are more values than columns, a bar
 * is the geometric mean of several; where fewer, there are as many bars as values.
 *
 * @param values Positive; what is infinite is shown as the greatest finite one, and
 * NaN is left out.
 * @param range The least and greatest of the scale, in place of the values' own.
 *
 * @example
 * ```ts
 * import { sparkline } from "./sparkline.ts";
 *
 * console.assert(sparkline([16, 8, 4, 2], 8) === "█▆▃▁");
 * ```
 */
export function sparkline(
  values: readonly number[],
  columns: number,
  range: readonly [least: number, greatest: number] = finiteRange(values),
): string {
  const [low, high] = range.map(Math.log);
  const heights = values.filter((value) => !Number.isNaN(value))
    .map((value) => {
      const height = (Math.log(value) - low) / (high - low);
      return high > low ? Math.min(1, Math.max(0, height)) : 0;
    });
  const count = Math.min(columns, heights.length);
  return Array.from({ length: count }, (_, column) => {
    const start = Math.floor(column * heights.length / count);
    const end = Math.floor((column + 1) * heights.length / count);
    let sum = 0;
    for (let i = start; i < end; i++) sum += heights[i];
    const bar = Math.round(sum / (end - start) * (BARS.length - 1));
    return BARS[bar];
  }).join("");
}

/** The least and the greatest of the values that are finite; 1 and 1 of none. */
export function finiteRange(
  values: Iterable<number>,
): [least: number, greatest: number] {
  let least = Infinity, greatest = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  return least <= greatest ? [least, greatest] : [1, 1];
}
