/**
 * What things are called for people.
 *
 * @module
 */

import { grouped } from "../shared/grouped.ts";
import { printable } from "./terminal.ts";

/** A speed: `40,711 tokens/s`; empty where none was measured. */
export function speedText(tokensPerSecond: number): string {
  const isMeasured = Number.isFinite(tokensPerSecond) && tokensPerSecond > 0;
  return isMeasured ? `${grouped(tokensPerSecond)} tokens/s` : "";
}

/** The most characters of a text that is not weena's own in a line about it. */
const MOST_SHOWN = 40;

/** A text that may be of any length, as a line shows it: its beginning and `…`. */
export function shortened(text: string): string {
  const characters: string[] = [];
  for (const character of text) { // it may be long: not all of it is taken apart
    if (characters.length === MOST_SHOWN) return `${characters.join("")}…`;
    characters.push(character);
  }
  return text;
}

/** A device's name, without what stands in brackets behind it. */
export function deviceText(description: string): string {
  return printable(description.replace(/ \(.*/s, ""));
}

/** A name of the code in words: `batchSize` as `batch size`. */
export function spaced(key: string): string {
  return key.replace(
    /(?<=[a-z])[A-Z](?=[a-z])/g,
    (letter) => ` ${letter.toLowerCase()}`,
  );
}

/** A size in bytes: `1.2 MB`. */
export function bytesText(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let value = bytes, unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    [value, unit] = [value / 1000, unit + 1];
  }
  return `${unit === 0 ? value : value.toPrecision(value < 10 ? 2 : 3)} ${
    units[unit]
  }`;
}

/** How long ago: `just now`, `12 min ago`, `3 h ago`, `5 d ago`. */
export function ageText(seconds: number): string {
  if (seconds < 60) return "just now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 2 * 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}
