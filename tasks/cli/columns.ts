/**
 * How many columns of a terminal a text takes.
 *
 * @module
 */

/** Takes two columns: East Asian characters and emoji (Unicode's annex 11). */
const WIDE =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;

/** Takes none: what is put on the character before, or joins two. */
const NONE = /^[\p{Mn}\p{Me}\p{Cf}]/u;

/**
 * A line in at most so many columns; where something is left out, `…` is the last.
 *
 * @example
 * ```ts
 * import { fitted } from "./columns.ts";
 *
 * console.assert(fitted("time traveller", 8) === "time tr…");
 * console.assert(fitted("時の旅人", 8) === "時の旅人");
 * console.assert(fitted("時の旅人", 7) === "時の旅…");
 * ```
 */
export function fitted(text: string, columns: number): string {
  let width = 0, kept = 0;
  let end = 0; // of what fits before the "…"
  for (const character of text) {
    width += WIDE.test(character) ? 2 : NONE.test(character) ? 0 : 1;
    if (width > columns) return columns > 0 ? `${text.slice(0, end)}…` : "";
    kept += character.length;
    if (width < columns) end = kept;
  }
  return text;
}
