/**
 * Generating as one types.
 *
 * @module
 */

import { find } from "./dom.ts";
import type { ModelSummary, WriteRequest } from "./protocol.ts";

/** Milliseconds after the last key until the model writes. */
const PAUSE = 200;

/** The prefix and how the text after it is drawn. */
export class Writer {
  readonly #section = find("writing", HTMLElement);
  readonly #prefix = find("prefix", HTMLTextAreaElement);
  readonly #temperature = find("temperature", HTMLInputElement);
  readonly #topP = find("top-p", HTMLInputElement);
  readonly #length = find("length", HTMLInputElement);
  readonly #onChange: () => void;
  #seed = 1;
  #timer = 0;
  #isTyped = false;

  /** @param onChange Called when something else is to be written. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
    this.#prefix.addEventListener("input", () => {
      this.#isTyped = true;
      this.#schedule();
    });
    for (const slider of [this.#temperature, this.#topP, this.#length]) {
      slider.addEventListener("input", () => {
        this.#showValues();
        this.#schedule();
      });
    }
    find("again", HTMLButtonElement).addEventListener("click", () => {
      this.#seed++;
      onChange();
    });
    this.#showValues();
  }

  /** Offers to write with a model; begins with something that it knows. */
  offer({ prefix }: ModelSummary): void {
    this.#section.hidden = false;
    if (!this.#isTyped) this.#prefix.value = prefix;
  }

  /** Forgets what was typed for another model. */
  reset(): void {
    this.#isTyped = false;
  }

  /** What is to be written; undefined while nothing is typed. */
  read(): Omit<WriteRequest, "layer"> | undefined {
    const prefix = this.#prefix.value;
    if (prefix === "") return undefined;
    return {
      prefix,
      length: this.#length.valueAsNumber,
      temperature: this.#temperature.valueAsNumber,
      topP: this.#topP.valueAsNumber,
      seed: this.#seed,
    };
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#onChange, PAUSE);
  }

  #showValues(): void {
    for (const slider of [this.#temperature, this.#topP, this.#length]) {
      find(`${slider.id}-value`, HTMLOutputElement).value = slider.value;
    }
  }
}
