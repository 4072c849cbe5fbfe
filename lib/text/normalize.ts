/**
 * How a text is cleaned before it is split into tokens.
 *
 * @module
 */

import { withRoom } from "./token_ids.ts";

/** Every normalization by its name. */
export const NORMALIZATIONS = ["letters", "none"] as const;

/**
 * `letters` keeps only letters and single spaces, as in d2l 8.2; `none` keeps
 * everything.
 */
export type Normalization = typeof NORMALIZATIONS[number];

const LF = 0x0a, SPACE = 0x20;

/** What becomes of each code below 128: a lower-case letter, or a space. */
const KEPT = new Uint8Array(128).fill(SPACE);
for (let code = 0x61; code <= 0x7a; code++) {
  KEPT[code] = KEPT[code - 0x20] = code;
}

/**
 * The chapter's lines: everything but letters becomes one space, ends trimmed,
 * lower case; the lines are joined with nothing between, or with their line ends.
 *
 * Source: d2l 8.2.1, `re.sub('[^A-Za-z]+', ' ', line).strip().lower()`.
 *
 * @example
 * ```ts
 * import { LettersFilter } from "./normalize.ts";
 *
 * const text = Uint32Array.from("“No,” said I\n-- twice.", (c) => c.codePointAt(0)!);
 * const kept = new LettersFilter({ keepLineEnds: false }).filter(text);
 * console.assert(String.fromCodePoint(...kept) === "no said itwice");
 * ```
 */
export class LettersFilter {
  readonly #keepLineEnds: boolean;
  #kept = new Uint32Array();
  /** 1 where the last of the line's code points was a letter, else 0. */
  #afterLetter = 0;
  /** Whether a space is held back, until it is known not to end its line. */
  #gap = false;

  constructor(
    { keepLineEnds }: { readonly keepLineEnds: boolean },
  ) {
    this.#keepLineEnds = keepLineEnds;
  }

  /**
   * What is kept of the next code points of a text, in an array that is good
   * until the next call.
   */
  filter(codes: Uint32Array): Uint32Array {
    const kept = this.#kept = withRoom(this.#kept, codes.length + 1);
    let afterLetter = this.#afterLetter, lineStart = 0, length = 0;
    if (this.#gap) kept[length++] = SPACE;
    for (let i = 0; i < codes.length; i++) {
      const code = codes[i];
      if (code === LF) {
        if (afterLetter === 0 && length > lineStart) length--; // its last space
        if (this.#keepLineEnds) kept[length++] = LF;
        lineStart = length;
        afterLetter = 0;
        continue;
      }
      // Every letter is kept, and of the others the first after a letter. Words
      // are too short for a processor to guess where they end: no branch here.
      const replaced = code < 128 ? KEPT[code] : SPACE;
      const isLetter = replaced >> 6; // letters have bit 6, the space has not
      kept[length] = replaced;
      length += isLetter | afterLetter;
      afterLetter = isLetter;
    }
    this.#gap = afterLetter === 0 && length > lineStart;
    if (this.#gap) length--;
    this.#afterLetter = afterLetter;
    return kept.subarray(0, length);
  }
}
