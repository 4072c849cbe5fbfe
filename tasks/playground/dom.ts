/**
 * Elements of the page.
 *
 * @module
 */

import type { Level } from "../../mod.ts";

/** The element of an id, of the class that is expected. */
export function find<E extends Element>(
  id: string,
  kind: new () => E,
): E {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new TypeError(`The page has no ${kind.name} #${id}`);
}

/** A new element with text in it; text is never taken for HTML. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  { className, text }: { className?: string; text?: string } = {},
  ...children: Node[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  if (className !== undefined) element.className = className;
  if (text !== undefined) element.textContent = text;
  element.append(...children);
  return element;
}

/** A probability as people read it: `83 %`, `0.4 %`. */
export function percent(probability: number): string {
  const value = 100 * probability;
  if (value < 0.1) return "under 0.1 %";
  return `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} %`;
}

/** A token as it can be seen: in quotes, or by name. */
export function visible(token: string): string {
  const names: Record<string, string> = {
    " ": "a space",
    "\n": "a line break",
    "\t": "a tab",
    "": "part of a character",
  };
  return names[token] ?? `“${token}”`;
}

/** Tokens of a level, in words. */
export const TOKENS: Readonly<Record<Level, string>> = {
  char: "characters",
  word: "words",
  byte: "bytes",
};
