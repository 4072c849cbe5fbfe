/**
 * What a screen reader hears while training goes on: milestones, and how far it is
 * now and then.
 *
 * @module
 */

import { find } from "./dom.ts";

/** Milliseconds between two words on how far training is. */
const QUIET = 30_000;

/** Speaks through the page's live region. */
export class Announcer {
  readonly #region = find("announcer", HTMLElement);
  #last = 0;

  /** Says something that must not be missed. */
  say(text: string): void {
    this.#region.textContent = text;
    this.#last = performance.now();
  }

  /** Says how far something is, unless something was said lately. */
  mention(text: string): void {
    if (performance.now() - this.#last >= QUIET) this.say(text);
  }
}
