/**
 * The learning curve: perplexity by epoch, drawn as SVG, so that its lines follow
 * the style sheet in light and dark and stay sharp on a projector.
 *
 * @module
 */

import { thinned } from "../shared/thinned.ts";
import { find, make } from "./dom.ts";
import { logTicks, wholeTicks } from "./scale.ts";

/** Perplexity after an epoch, or within one. */
interface Point {
  readonly epoch: number;
  readonly perplexity: number;
}

/** The two lines, and what they are called. */
const LINES = {
  text: "on the training text",
  validation: "on the held-out text",
};

type LineName = keyof typeof LINES;

const HEIGHT = 240;
const MARGIN = { left: 44, right: 14, top: 12, bottom: 34 };

/** More points than this are thinned out. */
const MOST_POINTS = 400;

/** Draws a line for the text and one for what is held out. */
export class Plot {
  readonly #figure = find("plot", HTMLElement);
  readonly #svg = svg("svg", { role: "img", height: HEIGHT });
  readonly #caption = make("figcaption", { className: "quiet" });
  #points: Record<LineName, Point[]> = { text: [], validation: [] };
  #now?: Point;
  #epochs = 1;
  #width = 0;
  #isDue = false;

  constructor() {
    this.#figure.append(this.#svg, this.#caption);
    new ResizeObserver(([{ contentRect }]) => {
      this.#width = contentRect.width;
      this.#draw();
    }).observe(this.#figure);
    this.#svg.addEventListener("pointermove", (event) => this.#point(event));
    this.#svg.addEventListener("pointerleave", () => this.#describe());
  }

  /** Begins at an epoch: what was measured after it is taken away. */
  begin(epoch: number, epochs: number): void {
    this.#epochs = epochs;
    this.#now = undefined;
    for (const name of Object.keys(LINES) as LineName[]) {
      this.#points[name] = this.#points[name].filter((p) => p.epoch <= epoch);
    }
    this.#draw();
  }

  /** Adds an epoch. */
  add(epoch: number, perplexity: number, validation?: number): void {
    this.#now = undefined;
    this.#points.text.push({ epoch, perplexity });
    if (validation !== undefined) {
      this.#points.validation.push({ epoch, perplexity: validation });
    }
    this.#schedule();
  }

  /** Shows where the epoch that is not finished stands. */
  showNow(epoch: number, perplexity: number): void {
    if (!Number.isFinite(perplexity)) return;
    this.#now = { epoch, perplexity };
    this.#schedule();
  }

  /** Draws once a frame at most, and for several epochs once. */
  #schedule(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      this.#draw();
    });
  }

  #draw(): void {
    this.#svg.replaceChildren();
    this.#describe();
    if (this.#width === 0) return;
    this.#svg.setAttribute("viewBox", `0 0 ${this.#width} ${HEIGHT}`);
    const { text, validation } = this.#points;
    const all = [...text, ...validation, ...this.#now ? [this.#now] : []];
    const values = all.map((point) => point.perplexity)
      .filter((value) => Number.isFinite(value));
    const ticks = logTicks(
      Math.max(1, Math.min(...values, 10)),
      Math.max(...values, 20),
    );
    const x = this.#x, y = this.#y(ticks);
    const right = this.#width - MARGIN.right, bottom = HEIGHT - MARGIN.bottom;
    for (const tick of ticks) {
      this.#svg.append(
        svg("line", {
          class: "grid",
          x1: MARGIN.left,
          x2: right,
          y1: y(tick),
          y2: y(tick),
        }),
        label(MARGIN.left - 8, y(tick) + 4, "end", String(tick)),
      );
    }
    for (const tick of wholeTicks(this.#epochs, this.#width / 90)) {
      this.#svg.append(label(x(tick), bottom + 18, "middle", String(tick)));
    }
    this.#svg.append(label(right, bottom + 31, "end", "epochs"));
    for (const name of ["validation", "text"] as const) {
      const pixels = this.#points[name].map(({ epoch, perplexity }) => {
        return { x: x(epoch), y: y(perplexity) };
      });
      if (pixels.length === 0) continue;
      const points = thinned(pixels, MOST_POINTS)
        .map(({ x, y }) => `${x},${y}`).join(" ");
      const last = pixels[pixels.length - 1];
      this.#svg.append(
        svg("polyline", { class: `line ${name}`, points }),
        dot(`dot ${name}`, last.x, last.y),
      );
    }
    if (this.#now) {
      const { epoch, perplexity } = this.#now;
      this.#svg.append(dot("dot now", x(epoch), y(perplexity)));
    }
  }

  /** Says what the plot shows; the caption also names the lines. */
  #describe(): void {
    const { text, validation } = this.#points;
    const first = text[0], last = text[text.length - 1];
    const fall = first === undefined
      ? "Perplexity by epoch; nothing has been measured yet"
      : `Perplexity by epoch, from ${first.perplexity.toFixed(1)} to ` +
        `${last.perplexity.toFixed(2)} after ${last.epoch}`;
    this.#svg.setAttribute("aria-label", fall);
    this.#caption.replaceChildren(
      ...(validation.length > 0
        ? (["text", "validation"] as const).map((name) =>
          make("span", { className: `key ${name}`, text: LINES[name] })
        )
        : [new Text("Perplexity after each pass through the text, log scale")]),
    );
  }

  /** Tells the values of the epoch below the pointer. */
  #point({ clientX }: PointerEvent): void {
    const { text, validation } = this.#points;
    if (text.length === 0) return;
    const at = clientX - this.#svg.getBoundingClientRect().left;
    const nearest = text.reduce((best, point) =>
      Math.abs(this.#x(point.epoch) - at) < Math.abs(this.#x(best.epoch) - at)
        ? point
        : best
    );
    const held = validation.find(({ epoch }) => epoch === nearest.epoch);
    this.#caption.textContent = `Epoch ${nearest.epoch}: ` +
      nearest.perplexity.toFixed(2) +
      (held ? `, held-out ${held.perplexity.toFixed(2)}` : "");
  }

  readonly #x = (epoch: number): number =>
    MARGIN.left +
    epoch / this.#epochs * (this.#width - MARGIN.left - MARGIN.right);

  #y(ticks: readonly number[]): (value: number) => number {
    const low = Math.log(ticks[0]), high = Math.log(ticks[ticks.length - 1]);
    const height = HEIGHT - MARGIN.top - MARGIN.bottom;
    return (value) =>
      MARGIN.top + height * (high - Math.log(value)) / (high - low);
  }
}

function label(x: number, y: number, anchor: string, text: string) {
  const element = svg("text", { x, y, "text-anchor": anchor });
  element.textContent = text;
  return element;
}

function dot(className: string, cx: number, cy: number) {
  return svg("circle", { class: className, cx, cy, r: 4 });
}

function svg<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string | number>>,
): SVGElementTagNameMap[Name] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) {
    element.setAttribute(key, String(value));
  }
  return element;
}
