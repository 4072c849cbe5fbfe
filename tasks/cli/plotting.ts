/**
 * Curves as pictures: SVG, drawn by Observable Plot.
 *
 * @module
 */

import {
  type Chart,
  type Curve,
  domainOf,
  isWide,
  levelDomain,
  logTickText,
  type Point,
  tickText,
} from "./chart.ts";
import { thinned } from "../shared/thinned.ts";

/** Draws a chart: the text of an SVG file, light or dark as its reader prefers. */
export type Draw = (chart: Chart) => string;

/**
 * The packages, and what is used of them. They are not in deno.json, nor written as
 * literals where they are imported: with either, everybody who runs a task would
 * download them.
 */
const PLOT: string = "npm:@observablehq/plot@0.6.17";
const LINKEDOM: string = "npm:linkedom@0.18.12";

interface Plot {
  plot(options: Record<string, unknown>): SvgElement;
  frame(options: Record<string, unknown>): unknown;
  lineY(points: readonly Point[], options: Record<string, unknown>): unknown;
  dotY(points: readonly Point[], options: Record<string, unknown>): unknown;
}

interface SvgElement {
  setAttribute(name: string, value: string): void;
  append(...children: (SvgElement | string)[]): void;
  prepend(...children: (SvgElement | string)[]): void;
  querySelector(selectors: string): SvgElement | null;
  remove(): void;
  toString(): string;
}

interface SvgDocument {
  createElementNS(namespace: string, name: string): SvgElement;
}

/** How long loading may take, in milliseconds: a network may swallow all requests. */
const LOAD_TIMEOUT = 15_000;

/** Colours in light and dark, and dashes: a curve has the next of both. */
const COLORS: readonly (readonly [light: string, dark: string])[] = [
  ["#2563c9", "#82b1ff"],
  ["#b5179e", "#f48fe1"],
  ["#22863a", "#7bd88f"],
  ["#cb3a16", "#ff9d7c"],
  ["#8a6100", "#e8b75a"],
];
const DASHES = ["none", "6 3", "9 3 2 3", "2 2"];

const WIDTH = 640;
const MARGIN = { right: 16, bottom: 42, left: 72 };
const LEGEND = { top: 18, row: 18, sample: 26, gap: 22, character: 6.6 };
const SVG = "http://www.w3.org/2000/svg";

/** More points than this are thinned out. */
const MOST_POINTS = 1000;

/** Fewer are marked, each with a dot. */
const DOTTED = 30;

/**
 * Loads the packages, from the network if they never were.
 *
 * @throws {Error} If they cannot be loaded; says why.
 */
export async function loadPlotting(): Promise<Draw> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    const late = () => reject(new Error("loading them took too long"));
    timer = setTimeout(late, LOAD_TIMEOUT);
  });
  try {
    const loaded = Promise.all([import(PLOT), import(LINKEDOM)]);
    const [plot, { DOMParser }] = await Promise.race([loaded, timeout]);
    const empty = `<svg xmlns="${SVG}"/>`;
    return (chart) => {
      const parser = new DOMParser();
      const document = parser.parseFromString(empty, "image/svg+xml");
      return draw(plot, document, chart);
    };
  } finally {
    clearTimeout(timer);
  }
}

function draw(
  plot: Plot,
  document: SvgDocument,
  { label, log, zero = false, height = 360, curves }: Chart,
): string {
  const drawn = curves.map((curve) => ({
    ...curve,
    points: thinned(curve.points, MOST_POINTS),
  }));
  const isLog = log ?? isWide(curves);
  const legend = curves.length > 1 ? legendRows(curves) : [];
  const marginTop = 14 + legend.length * LEGEND.row;
  const svg = plot.plot({
    document,
    width: WIDTH,
    height: height + legend.length * LEGEND.row,
    marginTop,
    marginRight: MARGIN.right,
    marginBottom: MARGIN.bottom,
    marginLeft: MARGIN.left,
    x: {
      label: "epoch",
      labelAnchor: "center",
      labelArrow: "none",
      grid: true,
      domain: domainOf(curves),
      tickFormat: (x: number) => Number.isInteger(x) ? tickText(x) : "",
    },
    y: {
      label: isLog ? `${label} (log scale)` : label,
      labelAnchor: "center",
      labelArrow: "none",
      grid: true,
      nice: true,
      // On a logarithmic scale, so many that 5 has a label, too.
      ...isLog ? { type: "log", ticks: 20, tickFormat: logTickText } : {
        ticks: height > 300 ? 6 : 4,
        tickFormat: tickText,
        zero,
        ...levelDomain(curves),
      },
    },
    marks: [
      plot.frame({ strokeOpacity: 0.4 }),
      ...drawn.flatMap((curve, i) => {
        const { points, color = i, dash = i } = curve;
        const [stroke] = COLORS[color % COLORS.length];
        const at = { x: "x", y: "y" };
        const strokeDasharray = DASHES[dash % DASHES.length];
        const line = { ...at, stroke, strokeDasharray, strokeWidth: 1.75 };
        return [
          plot.lineY(points, line),
          ...points.length < DOTTED
            ? [plot.dotY(points, { ...at, fill: stroke, r: 2.5 })]
            : [],
        ];
      }),
    ],
  });
  svg.querySelector("style")?.remove();
  const style = document.createElementNS(SVG, "style");
  style.append(styleSheet());
  svg.prepend(style);
  for (const [row, entries] of legend.entries()) {
    for (const entry of entries) svg.append(legendEntry(document, entry, row));
  }
  svg.setAttribute("xmlns", SVG);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `${label} by epoch`);
  svg.setAttribute("font-size", "12");
  return `${svg}\n`;
}

interface LegendEntry {
  readonly name: string;
  readonly color: number;
  readonly dash: number;
  readonly x: number;
}

/** The names in rows, each as wide as the frame at the most. */
function legendRows(curves: readonly Curve[]): LegendEntry[][] {
  const rows: LegendEntry[][] = [];
  let x = Infinity;
  for (const [i, { name, color = i, dash = i }] of curves.entries()) {
    const width = LEGEND.sample + 6 + name.length * LEGEND.character;
    if (x + width > WIDTH - MARGIN.right) {
      rows.push([]);
      x = MARGIN.left;
    }
    rows[rows.length - 1].push({ name, color, dash, x });
    x += width + LEGEND.gap;
  }
  return rows;
}

/** A piece of the curve's line, and its name. */
function legendEntry(
  document: SvgDocument,
  { name, color, dash, x }: LegendEntry,
  row: number,
): SvgElement {
  const make = (tag: string, attributes: Record<string, string | number>) => {
    const element = document.createElementNS(SVG, tag);
    for (const [key, value] of Object.entries(attributes)) {
      element.setAttribute(key, String(value));
    }
    return element;
  };
  const y = LEGEND.top + row * LEGEND.row - 4;
  const entry = make("g", {});
  const text = make("text", { x: x + LEGEND.sample + 6, y: y + 4 });
  text.setAttribute("text-anchor", "start");
  text.append(name);
  entry.append(
    make("line", {
      ...{ x1: x, x2: x + LEGEND.sample, y1: y, y2: y },
      stroke: COLORS[color % COLORS.length][0],
      "stroke-width": 1.75,
      "stroke-dasharray": DASHES[dash % DASHES.length],
    }),
    text,
  );
  return entry;
}

/** Colours stand as attributes, for readers without style sheets, and turn here. */
function styleSheet(): string {
  const dark = COLORS.flatMap(([light, dark]) => [
    `[stroke="${light}"]{stroke:${dark}}`,
    `[fill="${light}"]{fill:${dark}}`,
  ]);
  return "svg{color:#1f2328;background:#fff;max-width:100%;height:auto}" +
    "@media(prefers-color-scheme:dark){" +
    `svg{color:#e6e8eb;background:#15181c}${dark.join("")}}`;
}
