/**
 * What the model wrote at points of its training, the newest first.
 *
 * @module
 */

import { find, make } from "./dom.ts";

/** The most samples that are kept; of more, every other old one goes. */
const MOST = 60;

/** Shows samples, and lets go of old ones. */
export class Samples {
  readonly #list = find("samples", HTMLOListElement);

  /** Empties the list. */
  clear(): void {
    this.#list.replaceChildren();
  }

  /** Puts a sample at the top. */
  add(label: string, prefix: string, text: string): void {
    this.#list.prepend(
      make(
        "li",
        {},
        make("small", { text: label }),
        make(
          "p",
          {},
          make("span", { className: "typed", text: prefix }),
          new Text(text),
        ),
      ),
    );
    if (this.#list.children.length <= MOST) return;
    [...this.#list.children].slice(MOST / 2).forEach((item, i) => {
      if (i % 2 === 0) item.remove();
    });
  }
}
