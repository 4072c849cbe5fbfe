/**
 * What a picture of curves shows, and its scales.
 *
 * @module
 */

import { finiteRange } from "./sparkline.ts";

/** A point of a curve; a `y` that is not finite is a gap. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** One curve and its name in the legend. */
export interface Curve {
  readonly name: string;
  readonly points: readonly Point[];
  /** Which of the colours and dashes it has; left out: the next of both. */
  readonly color?: number;
  readonly dash?: number;
}

/** A picture of curves over epochs. */
export interface Chart {
  readonly label: string;
  /** A logarithmic scale; left out: where the values span more than two decades. */
  readonly log?: boolean;
  /** Whether the scale goes down to zero. */
  readonly zero?: boolean;
  /** In pixels; 360 if left out. */
  readonly height?: number;
  readonly curves: readonly Curve[];
}

/** The least and the greatest value that a chart shows. */
function rangeOf(curves: readonly Curve[]): [least: number, greatest: number] {
  return finiteRange(curves.flatMap(({ points }) => points.map(({ y }) => y)));
}

/** Whether the values span more than two decades. */
export function isWide(curves: readonly Curve[]): boolean {
  const [least, greatest] = rangeOf(curves);
  return least > 0 && greatest > 100 * least;
}

/** A scale from zero where all values are one, which would be of no height. */
export function levelDomain(curves: readonly Curve[]): object {
  const [least, greatest] = rangeOf(curves);
  return least === greatest ? { domain: [0, 2 * least || 1] } : {};
}

/** `500`, `10,000`, `0.25`, `1e+30`. */
export function tickText(value: number): string {
  const size = Math.abs(value);
  return size >= 1e6 || size > 0 && size < 1e-3
    ? String(Number(value.toPrecision(3)).toExponential())
    : value.toLocaleString("en-US", { maximumSignificantDigits: 4 });
}

/** The same for 1, 2 and 5 of each decade alone. */
export function logTickText(value: number): string {
  const mantissa = value / 10 ** Math.floor(Math.log10(value) + 1e-9);
  return [1, 2, 5].includes(Math.round(mantissa)) ? tickText(value) : "";
}

/** From the first epoch to the last, and never of no width. */
export function domainOf(curves: readonly Curve[]): [number, number] {
  const all = curves.flatMap(({ points }) =>
    points.length > 0 ? [points[0].x, points[points.length - 1].x] : []
  );
  const first = Math.min(...all, Infinity), last = Math.max(...all, -Infinity);
  if (first > last) return [0, 1];
  return first === last ? [first - 1, last + 1] : [first, last];
}
