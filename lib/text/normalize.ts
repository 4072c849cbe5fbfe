/**
 * From the bytes of a file to clean text.
 *
 * @module
 */

/** `letters` keeps letters and single spaces, as d2l 8.2 does; `none` keeps all. */
export type Normalization = "letters" | "none";

/**
 * Decodes UTF-8 text; a byte-order mark is left out and line ends become `\n`.
 *
 * @throws {SyntaxError} If the bytes are not UTF-8; says at which byte.
 *
 * @example
 * ```ts
 * import { decodeText } from "./normalize.ts";
 *
 * console.assert(decodeText(new TextEncoder().encode("one\r\ntwo")) === "one\ntwo");
 * ```
 */
export function decodeText(bytes: Uint8Array): string {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return text.replace(/\r\n?/g, "\n");
  } catch {
    const byte = invalidByte(bytes);
    throw new SyntaxError(
      `The text is not UTF-8: byte ${byte} begins no character. ` +
        `Convert it to UTF-8, or model its bytes (level "byte", normalize "none")`,
    );
  }
}

/**
 * The chapter's lines: everything but letters becomes one space, ends trimmed,
 * lower case. With `none` the lines are as they stand.
 *
 * Source: d2l 8.2.1, `re.sub('[^A-Za-z]+', ' ', line).strip().lower()`.
 *
 * @example
 * ```ts
 * import { normalizedLines } from "./normalize.ts";
 *
 * const [line] = normalizedLines("“No,” said I -- twice.\n", "letters");
 * console.assert(line === "no said i twice");
 * ```
 */
export function normalizedLines(
  text: string,
  normalization: Normalization,
): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop(); // the end of the last line begins no other
  if (normalization === "none") return lines;
  return lines.map((line) =>
    line.replace(/[^A-Za-z]+/g, " ").trim().toLowerCase()
  );
}

/** Where the first character that is not UTF-8 begins. */
function invalidByte(bytes: Uint8Array): number {
  const isText = (end: number, stream: boolean) => {
    try {
      const decoder = new TextDecoder("utf-8", { fatal: true });
      decoder.decode(bytes.subarray(0, end), { stream });
      return true;
    } catch {
      return false;
    }
  };
  // The longest beginning in which no character is wrong, though the last may be
  // cut off; then back to where that one begins.
  let good = 0, bad = bytes.length;
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1;
    if (isText(middle, true)) good = middle;
    else bad = middle;
  }
  while (good > 0 && !isText(good, false)) good--;
  return good;
}
