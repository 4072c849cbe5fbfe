/**
 * Names of runs: folders that every system can have.
 *
 * @module
 */

import { basename } from "@std/path";
import { UsageError } from "./flags.ts";

/** The most that a name may have, in characters (code points) and bytes of UTF-8. */
const MOST_CHARACTERS = 100;
const MOST_BYTES = 200;

/** What is left for the number behind a name that is made: `-12345678`. */
const NUMBER_LENGTH = 9;

/**
 * What a name may not hold: all but letters, their marks and digits of any script,
 * spaces, ".", "_" and "-". Letters that cannot be seen, such as the filler of
 * Hangul, are none.
 */
const STRANGE = /[^\p{L}\p{M}\p{N}._ -]|\p{Default_Ignorable_Code_Point}/gu;

/** Devices of Windows, which no file may be called there, whatever its ending. */
const RESERVED = /^(con|prn|aux|nul|(com|lpt)[0-9¹²³]) *(\.|$)/i;

/** What a name has to be, for people: the end of a sentence. */
export const RUN_NAME_RULE =
  `a name of at most ${MOST_CHARACTERS} letters, digits, spaces, ` +
  '".", "_" and "-" that begins with a letter, a digit or "_", ' +
  'does not end with a space or ".", and is not a device name on ' +
  "Windows (such as NUL)";

/**
 * Whether a run may have this name: one that a folder can have on every system, and
 * that cannot lead out of the folder of the runs. Letters with marks have to be
 * composed (NFC).
 *
 * @example
 * ```ts
 * import { isRunName } from "./run_name.ts";
 *
 * console.assert(isRunName("Война и мир 2"));
 * console.assert(!isRunName("../elsewhere") && !isRunName("NUL"));
 * ```
 */
export function isRunName(name: string): boolean {
  return /^[\p{L}\p{N}_]/u.test(name) && /[^. ]$/.test(name) &&
    name.search(STRANGE) < 0 && !RESERVED.test(name) &&
    name === name.normalize("NFC") &&
    isWithin(name, MOST_CHARACTERS, MOST_BYTES);
}

/**
 * The name that --run gives a run, its letters with marks composed.
 *
 * @throws {UsageError} If no run may have it.
 */
export function readRunName(text: string): string {
  const name = text.normalize("NFC");
  if (isRunName(name)) return name;
  throw new UsageError(
    `--run cannot be ${JSON.stringify(text)}: expected ${RUN_NAME_RULE}`,
  );
}

/**
 * A name for the runs of a text, by that of its file, without folders and endings;
 * with `-` and a number behind it, it is a run's name.
 *
 * @example
 * ```ts
 * import { runNameFor } from "./run_name.ts";
 *
 * console.assert(runNameFor("books/Война и мир.txt") === "Война-и-мир");
 * ```
 */
export function runNameFor(corpus: string): string {
  const kept = basename(corpus).replace(/(\.tokens)?\.[^.\s]*$/, "")
    .toWellFormed().normalize("NFC")
    .replace(STRANGE, "-").replace(/[ -]+/g, "-")
    .replace(/^[^\p{L}\p{N}_]+/u, "").replace(/[.-]+$/, "");
  let name = RESERVED.test(kept) ? "_" : "";
  for (const character of kept) {
    const longer = name + character;
    const characters = MOST_CHARACTERS - NUMBER_LENGTH;
    if (!isWithin(longer, characters, MOST_BYTES - NUMBER_LENGTH)) break;
    name = longer;
  }
  return name.replace(/[.-]+$/, "") || "text";
}

function isWithin(name: string, characters: number, bytes: number): boolean {
  return [...name].length <= characters &&
    new TextEncoder().encode(name).length <= bytes;
}
