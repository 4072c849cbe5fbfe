/**
 * Looking inside: the text that was read, its hidden units, and one place in both.
 *
 * @module
 */

import { find, make, percent, visible } from "./dom.ts";
import { HeatMap } from "./heat_map.ts";
import type { Reading } from "./protocol.ts";
import { TextView } from "./text_view.ts";

/** What each shading means. */
const LEGENDS = {
  probability: [
    [
      "surprise",
      "The stronger the colour, the less likely the model found the character",
    ],
  ],
  unit: [
    ["negative", "below zero"],
    ["positive", "above zero, after reading the character"],
  ],
};

/** Shows a text that a model has read, and what it made of each character. */
export class ReadingView {
  readonly #section = find("reading", HTMLElement);
  readonly #legend = find("legend", HTMLElement);
  readonly #readout = find("readout", HTMLElement);
  readonly #position = find("position", HTMLInputElement);
  readonly #unit = find("unit", HTMLInputElement);
  readonly #unitValue = find("unit-value", HTMLOutputElement);
  readonly #layer = find("layer", HTMLSelectElement);
  readonly #shading = find("shading", HTMLSelectElement);
  readonly #text: TextView;
  readonly #heatMap: HeatMap;
  #reading?: Reading;

  /** @param onLayer Called when another layer is chosen. */
  constructor(onLayer: () => void) {
    const point = (position: number) => {
      this.#position.valueAsNumber = position;
      this.#showPlace();
    };
    this.#text = new TextView(point);
    this.#heatMap = new HeatMap(point, (unit) => {
      this.#unit.valueAsNumber = unit;
      this.#shading.value = "unit";
      this.#shade();
    });
    this.#position.addEventListener("input", () => this.#showPlace());
    this.#unit.addEventListener("input", () => {
      this.#shading.value = "unit";
      this.#shade();
    });
    this.#shading.addEventListener("change", () => this.#shade());
    this.#layer.addEventListener("change", onLayer);
  }

  /** The layer that is chosen, from 0 on. */
  get layer(): number {
    return Math.max(0, this.#layer.selectedIndex);
  }

  /** Offers so many layers. */
  offerLayers(count: number): void {
    if (this.#layer.options.length === count) return;
    this.#layer.replaceChildren(
      ...Array.from({ length: count }, (_, k) => new Option(String(k + 1))),
    );
    this.#layer.selectedIndex = count - 1;
  }

  /** Shows a text that is still being written. */
  write(piece: string, isFirst: boolean): void {
    this.#section.hidden = false;
    this.#reading = undefined;
    this.#text.write(piece, isFirst);
  }

  /** Shows a text that was read. */
  show(reading: Reading, typed: number): void {
    this.#section.hidden = false;
    this.#reading = reading;
    const { tokens, hiddenSize } = reading;
    this.#unit.max = String(hiddenSize - 1);
    const first = this.#text.show(reading, typed);
    this.#position.max = String(tokens.length - 1);
    this.#position.valueAsNumber = first;
    this.#heatMap.show(reading, this.layer);
    this.#shade();
  }

  #shade(): void {
    if (!this.#reading) return;
    const shading = this.#shading.value as keyof typeof LEGENDS;
    this.#legend.replaceChildren(
      ...LEGENDS[shading].map(([name, text]) =>
        make("span", { className: `key ${name}`, text })
      ),
    );
    if (shading === "probability") this.#text.shadeBySurprise(this.#reading);
    else {
      const { most } = this.#heatMap;
      this.#text.shadeByUnit(this.#reading, this.#unit.valueAsNumber, most);
    }
    this.#showPlace();
  }

  #showPlace(): void {
    if (!this.#reading) return;
    const { tokens, states, hiddenSize } = this.#reading;
    const position = this.#position.valueAsNumber;
    const unit = this.#unit.valueAsNumber;
    this.#unitValue.value = String(unit + 1);
    this.#text.mark(position);
    this.#heatMap.mark(position, unit);
    const { text, probability, likeliest } = tokens[position];
    const value = states[position * hiddenSize + unit].toFixed(2);
    const others = likeliest.filter((other) => other.text !== text)
      .map((other) => `${visible(other.text)} ${percent(other.probability)}`);
    const words = probability === undefined
      ? `${visible(text)}: the first one, so there was no prediction`
      : `${visible(text)}: ${percent(probability)}` +
        (others.length > 0 ? `; likely here: ${others.join(", ")}` : "");
    this.#readout.textContent = `${words}. Unit ${unit + 1}: ${value}`;
    this.#position.setAttribute("aria-valuetext", words);
    this.#unit.setAttribute("aria-valuetext", `${unit + 1}: ${value}`);
  }
}
