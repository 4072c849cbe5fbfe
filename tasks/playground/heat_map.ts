/**
 * The hidden states over a text: a column a character, a row a unit.
 *
 * @module
 */

import { find, make } from "./dom.ts";
import type { Reading } from "./protocol.ts";

/** Heights in pixels: of a row as is best, of the whole at least and at most. */
const ROW = 3, LEAST = 120, MOST = 480;

/** Draws the hidden states, and marks one character and one unit in them. */
export class HeatMap {
  readonly #frame = find("heat-map", HTMLElement);
  readonly #canvas = make("canvas");
  readonly #column = make("div", { className: "column" });
  readonly #row = make("div", { className: "row" });
  #reading?: Reading;
  #most = 1;

  /**
   * @param onPoint Called with the character below the pointer.
   * @param onChoose Called with the unit that is clicked, and the character.
   */
  constructor(
    onPoint: (position: number) => void,
    onChoose: (unit: number) => void,
  ) {
    this.#canvas.setAttribute("role", "img");
    this.#frame.append(this.#canvas, this.#column, this.#row);
    this.#frame.addEventListener("pointermove", (event) => {
      const { position } = this.#at(event);
      if (this.#reading) onPoint(position);
    });
    this.#frame.addEventListener("click", (event) => {
      const { position, unit } = this.#at(event);
      if (!this.#reading) return;
      onPoint(position);
      onChoose(unit);
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener(
      "change",
      () => this.#draw(),
    );
  }

  /** The largest absolute value that is shown. */
  get most(): number {
    return this.#most;
  }

  /** Shows the states of a reading. */
  show(reading: Reading, layer: number): void {
    this.#reading = reading;
    const { states, hiddenSize, tokens } = reading;
    this.#most = states.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-6);
    this.#canvas.setAttribute(
      "aria-label",
      `Hidden states of layer ${layer + 1}: ${hiddenSize} units over ` +
        `${tokens.length} characters`,
    );
    const height = Math.min(MOST, Math.max(LEAST, ROW * hiddenSize));
    this.#canvas.style.height = `${height}px`;
    this.#draw();
  }

  /** Marks a character and a unit. */
  mark(position: number, unit: number): void {
    if (!this.#reading) return;
    const { tokens, hiddenSize } = this.#reading;
    place(this.#column, "left", "width", position, tokens.length);
    place(this.#row, "top", "height", unit, hiddenSize);
  }

  #draw(): void {
    const context = this.#canvas.getContext("2d");
    if (!this.#reading || !context) return;
    const { states, hiddenSize: H, tokens } = this.#reading;
    const T = tokens.length;
    this.#canvas.width = T;
    this.#canvas.height = H;
    const zero = this.#color("--zero");
    const negative = this.#color("--negative");
    const positive = this.#color("--positive");
    const image = context.createImageData(T, H);
    for (let t = 0; t < T; t++) {
      for (let h = 0; h < H; h++) {
        const value = states[t * H + h] / this.#most;
        const end = value < 0 ? negative : positive;
        const share = Math.abs(value);
        const at = 4 * (h * T + t);
        for (let c = 0; c < 3; c++) {
          image.data[at + c] = zero[c] + share * (end[c] - zero[c]);
        }
        image.data[at + 3] = 255;
      }
    }
    context.putImageData(image, 0, 0);
  }

  /** A colour of the style sheet, `#rrggbb`, as three numbers. */
  #color(name: string): number[] {
    const value = getComputedStyle(this.#frame).getPropertyValue(name).trim();
    return [1, 3, 5].map((at) => parseInt(value.slice(at, at + 2), 16));
  }

  #at({ clientX, clientY }: MouseEvent): { position: number; unit: number } {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    const { tokens, hiddenSize } = this.#reading ?? NOTHING;
    return {
      position: cell((clientX - left) / width, tokens.length),
      unit: cell((clientY - top) / height, hiddenSize),
    };
  }
}

const NOTHING = { tokens: [], hiddenSize: 0 };

function cell(part: number, count: number): number {
  return Math.max(0, Math.min(count - 1, Math.floor(part * count)));
}

function place(
  element: HTMLElement,
  start: "left" | "top",
  extent: "width" | "height",
  index: number,
  count: number,
): void {
  element.style[start] = `${100 * index / count}%`;
  element.style[extent] = `${100 / count}%`;
}
