/** What a loop comes to: so many times the same, and so many characters in all. */
const TIMES = 3, LEAST = 40;

/** The longest end of a text that is looked at, in UTF-16 code units. */
export const LONGEST_LOOP = 3000;

/**
 * Whether a text has come to repeat itself: its end is one piece over and over, three
 * times or more and at least 40 characters in all. A row of dashes or dots is none,
 * unless there is nothing else.
 *
 * @example
 * ```ts
 * import { hasLooped } from "./has_looped.ts";
 *
 * console.assert(hasLooped("he said that " + "and the ".repeat(5)));
 * console.assert(!hasLooped("he said that and the and so it goes"));
 * ```
 */
export function hasLooped(text: string): boolean {
  const end = text.slice(-LONGEST_LOOP);
  for (let period = 1; period * TIMES <= end.length; period++) {
    let length = period; // of the longest end with this period
    while (
      length < end.length &&
      end[end.length - 1 - length] === end[end.length - 1 - length + period]
    ) length++;
    if (length < Math.max(LEAST, TIMES * period)) continue;
    return length === end.length || /[\p{L}\p{N}]/u.test(end.slice(-period));
  }
  return false;
}
