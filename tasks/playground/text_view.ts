/**
 * A text with each character shaded, by how surprising it was or by one unit.
 *
 * @module
 */

import { find, make } from "./dom.ts";
import type { Reading } from "./protocol.ts";

/** Bits at which the shade is at its strongest. */
const MOST_BITS = 6;

/** Share of the colour at its strongest: the text stays legible. */
const STRONGEST = 62;

/** Shows a text, and marks one character of it. */
export class TextView {
  readonly #text = find("text", HTMLElement);
  #spans: HTMLElement[] = [];

  constructor(onPoint: (position: number) => void) {
    const point = ({ target }: Event) => {
      const position = this.#spans.indexOf(target as HTMLElement);
      if (position >= 0) onPoint(position);
    };
    this.#text.addEventListener("pointerover", point);
    this.#text.addEventListener("click", point);
  }

  /** Shows a text that is still being written. */
  write(piece: string, isFirst: boolean): void {
    if (isFirst) {
      this.#spans = [];
      this.#text.replaceChildren(
        make("span", { className: "typed", text: piece }),
      );
    } else this.#text.append(piece);
  }

  /**
   * Shows a text that was read, the first `typed` characters of it typed. Returns
   * the place of the first token after these, or of the last of all.
   */
  show({ tokens }: Reading, typed: number): number {
    let length = 0, first = 0;
    this.#spans = tokens.map(({ text }) => {
      const span = make("span", { text });
      if (length < typed) {
        span.className = "typed";
        first++;
      }
      length += text.length;
      return span;
    });
    this.#text.replaceChildren(...this.#spans);
    return Math.min(first, tokens.length - 1);
  }

  /** Shades the text by the surprise of each character: −log2 of its probability. */
  shadeBySurprise({ tokens }: Reading): void {
    tokens.forEach(({ probability }, i) => {
      const bits = probability === undefined ? 0 : -Math.log2(probability);
      shade(this.#spans[i], "surprise", bits / MOST_BITS);
    });
  }

  /** Shades the text by one unit after each character, `most` the strongest. */
  shadeByUnit(
    { states, hiddenSize }: Reading,
    unit: number,
    most: number,
  ): void {
    this.#spans.forEach((span, t) => {
      const value = states[t * hiddenSize + unit] / most;
      shade(span, value < 0 ? "negative" : "positive", Math.abs(value));
    });
  }

  /** Marks a character. */
  mark(position: number): void {
    this.#text.querySelector(".marked")?.classList.remove("marked");
    this.#spans[position]?.classList.add("marked");
  }
}

function shade(span: HTMLElement, color: string, strength: number): void {
  const share = STRONGEST * Math.min(1, strength);
  span.style.backgroundColor = `color-mix(in oklab, var(--${color}) ${
    share.toFixed(1)
  }%, transparent)`;
}
