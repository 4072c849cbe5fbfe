/**
 * Curves of perplexity as an SVG: what the notebook draws.
 *
 * @module
 */

/** A curve: a value an epoch, from epoch 1 on. */
export interface Curve {
  readonly name: string;
  readonly values: readonly number[];
}

const WIDTH = 560, HEIGHT = 300, LEFT = 46, RIGHT = 12, TOP = 30, BOTTOM = 36;
const COLOURS = ["#1f77b4", "#d62728", "#2ca02c", "#9467bd"];

/**
 * Draws perplexity by epoch; the y axis is logarithmic, from 1 to 30.
 *
 * @param epochs How many the x axis has room for.
 *
 * @example
 * ```ts
 * import { plot } from "./plot.ts";
 *
 * const svg = plot([{ name: "tanh", values: [20, 10, 5] }], 10);
 * console.assert(svg.includes("<polyline"));
 * ```
 */
export function plot(curves: readonly Curve[], epochs: number): string {
  const x = (epoch: number) =>
    (LEFT + (WIDTH - LEFT - RIGHT) * epoch / epochs).toFixed(1);
  const y = (value: number) => {
    const part = Math.log(Math.min(30, Math.max(1, value))) / Math.log(30);
    return (HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * part).toFixed(1);
  };
  const grid = [1, 2, 3, 5, 10, 20, 30].map((value) =>
    `<path d="M${LEFT} ${y(value)}H${WIDTH - RIGHT}" stroke="#ddd"/>` +
    text(LEFT - 6, Number(y(value)) + 4, String(value), "end")
  );
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const epoch = Math.round(part * epochs);
    return text(Number(x(epoch)), HEIGHT - BOTTOM + 16, String(epoch));
  });
  const lines = curves.map(({ name, values }, i) => {
    const colour = COLOURS[i % COLOURS.length];
    const points = values.map((value, k) => [k + 1, value] as const)
      .filter(([, value]) => Number.isFinite(value))
      .map(([epoch, value]) => `${x(epoch)},${y(value)}`).join(" ");
    return `<polyline points="${points}" fill="none" stroke="${colour}" ` +
      `stroke-width="1.5"/>` +
      text(LEFT + 8 + i * 128, 18, name, "start", colour);
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" ` +
    `height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" ` +
    `font-family="sans-serif" font-size="12">` +
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>` +
    [...grid, ...ticks, ...lines].join("") +
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 4, "epoch") +
    `</svg>`;
}

function text(
  x: number,
  y: number,
  words: string,
  anchor = "middle",
  colour = "#333",
): string {
  const safe = words.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" fill="${colour}">` +
    `${safe}</text>`;
}
