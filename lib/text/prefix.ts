/**
 * Prefixes to continue, as token ids.
 *
 * @module
 */

import { InputError } from "../input_error.ts";
import type { Corpus } from "./corpus.ts";
import { splitText } from "./split_text.ts";
import type { Level } from "./tokenizer.ts";
import { idsByToken } from "./vocabulary.ts";

/** How a model's text was cut, and the tokens that it knows. */
type Reader = Pick<Corpus, "tokenizer" | "vocabulary">;

/** A piece of a text that is not in a vocabulary. */
export interface Stranger {
  /** A word or, at the other levels, a character. */
  readonly text: string;
  /** Which word or character of the text it is, from 1 on. */
  readonly position: number;
}

/** The most strangers that a message lists. */
const LISTED = 8;

/**
 * Encodes a prefix as token ids. All its tokens have to be in the vocabulary. Line
 * breaks are read as in a text file: `\r\n` and `\r` become `\n`, unless the vocabulary
 * contains `\r`. Everything else is read as it is, and something that was removed by
 * cleaning in training is an error here.
 *
 * @param reader A model or a corpus: how its text was split, and its vocabulary.
 * @throws {RangeError} If the prefix is empty or contains something that is not in the
 * vocabulary; the message lists it with its positions, counted from 1.
 *
 * @example
 * ```ts
 * import { encodePrefix } from "./prefix.ts";
 * import { tokenize } from "../tokenize.ts";
 *
 * console.assert(encodePrefix(tokenize("aab"), "ba").join() === "2,1");
 * ```
 */
export function encodePrefix(
  reader: Pick<Corpus, "tokenizer" | "vocabulary">,
  prefix: string,
): number[] {
  const { level } = reader.tokenizer;
  const tokens = tokensOf(withLineEnds(reader, prefix), level);
  if (tokens.length === 0) {
    throw new InputError(
      "Cannot continue an empty prefix: it needs at least one " +
        `${level}`,
    );
  }
  const ids = idsByToken(reader.vocabulary);
  const encoded = tokens.map((token) => ids.get(token) ?? 0);
  if (encoded.every((id) => id > 0)) return encoded;
  throw new InputError(
    `Cannot continue the prefix: the model's vocabulary has no ` +
      listStrangers(strangersIn(reader, prefix)) + reasonOf(reader, prefix),
  );
}

/**
 * Whether a text can be a prefix: it has at least one token, and all its tokens are in
 * the vocabulary. If it cannot, {@linkcode encodePrefix} says why.
 *
 * @param reader A model or a corpus: how its text was split, and its vocabulary.
 *
 * @example
 * ```ts
 * import { canContinue } from "./prefix.ts";
 * import { tokenize } from "../tokenize.ts";
 *
 * const corpus = tokenize("time");
 * console.assert(canContinue(corpus, "emit") && !canContinue(corpus, "Time"));
 * ```
 */
export function canContinue(
  reader: Pick<Corpus, "tokenizer" | "vocabulary">,
  text: string,
): boolean {
  return text !== "" && strangersIn(reader, text).length === 0 &&
    tokensOf(text, reader.tokenizer.level).length > 0;
}

/**
 * Ids of a prefix that is given as text or in ids.
 *
 * @throws {RangeError} As `encodePrefix`; or if there are no ids, or one is no
 * whole number from 0 to below the vocabulary's size; or if the vocabulary has no
 * token but `<unk>`, which is never generated.
 */
export function prefixIds(
  reader: Reader,
  prefix: string | readonly number[],
): readonly number[] {
  if (typeof prefix === "string") return encodePrefix(reader, prefix);
  const { length: size } = reader.vocabulary.tokens;
  if (size < 2) {
    throw new InputError(
      "Cannot continue the prefix: the model's vocabulary has only " +
        "the token <unk>, which is never generated",
    );
  }
  if (prefix.length === 0) {
    throw new InputError(
      "Cannot continue an empty prefix: it needs at least one id",
    );
  }
  const bad = prefix.findIndex((id) =>
    !(Number.isInteger(id) && id >= 0 && id < size)
  );
  if (bad < 0) return prefix;
  throw new InputError(
    `Cannot continue the prefix: id ${prefix[bad]} at ${
      bad + 1
    } is not in the ` +
      `vocabulary: expected whole numbers from 0 to ${size - 1}`,
  );
}

/**
 * The text with the line ends that a model of this vocabulary has read: `\r\n` and
 * `\r` are `\n` in a text file, but a text that was taken as it is may have a `\r`.
 */
export function withLineEnds({ vocabulary }: Reader, text: string): string {
  if (!text.includes("\r") || vocabulary.tokens.includes("\r")) return text;
  return text.replace(/\r\n?/g, "\n");
}

/**
 * The pieces of a text that are not in a vocabulary. At level `byte` these are the
 * characters that have a byte which is not in the vocabulary.
 *
 * @example
 * ```ts
 * import { strangersIn } from "./prefix.ts";
 * import { tokenize } from "../tokenize.ts";
 *
 * const [stranger] = strangersIn(tokenize("time"), "tame");
 * console.assert(stranger.text === "a" && stranger.position === 2);
 * ```
 */
export function strangersIn(reader: Reader, text: string): Stranger[] {
  const isKnown = knownTo(reader);
  return piecesOf(reader, withLineEnds(reader, text))
    .map((piece, i) => ({ text: piece, position: i + 1 }))
    .filter(({ text }) => !isKnown(text));
}

/** Strangers as a message lists them: `"X" at 2, U+0301 at 5, 3 more`. */
export function listStrangers(strangers: readonly Stranger[]): string {
  const listed = strangers.slice(0, LISTED)
    .map(({ text, position }) => `${shown(text)} at ${position}`);
  const more = strangers.length - listed.length;
  return (more > 0 ? [...listed, `${more} more`] : listed).join(", ");
}

/**
 * The normal form of Unicode in which a letter or a word of a text is in a vocabulary,
 * if it is not there as it stands: `é` may be one character (NFC), or `e` and U+0301
 * (NFD).
 */
export function otherNormalForm(
  reader: Reader,
  text: string,
): "NFC" | "NFD" | undefined {
  const isKnown = knownTo(reader);
  const strange =
    (reader.tokenizer.level === "word" ? piecesOf(reader, text) : Array.from(
      new Intl.Segmenter().segment(text),
      ({ segment }) => segment,
    ))
      .filter((piece) => !isKnown(piece));
  return (["NFC", "NFD"] as const).find((form) =>
    strange.some((piece) => isKnown(piece.normalize(form)))
  );
}

/** Tells whether a vocabulary has all that a text is cut into. */
function knownTo({ tokenizer, vocabulary }: Reader): (text: string) => boolean {
  const ids = idsByToken(vocabulary);
  return (text) =>
    tokensOf(text, tokenizer.level).every((token) => ids.get(token)! > 0);
}

/** The words of a text or, at the other levels, its characters. */
function piecesOf({ tokenizer }: Reader, text: string): readonly string[] {
  return tokenizer.level === "word" ? tokensOf(text, "word") : [...text];
}

function tokensOf(text: string, level: Level): readonly string[] {
  return splitText(text, { level, normalize: "none" }).tokens;
}

/** Why a vocabulary may lack what a text has. */
function reasonOf(reader: Reader, text: string): string {
  switch (otherNormalForm(reader, text)) {
    case "NFC":
      return ". In the text that it was trained on, letters with accents are " +
        "one character: write the prefix in Unicode's normal form NFC";
    case "NFD":
      return ". In the text that it was trained on, letters with accents are " +
        "two characters: write the prefix in Unicode's normal form NFD";
  }
  return reader.tokenizer.normalize === "letters"
    ? ". It was trained on lower-case letters a to z and spaces"
    : "";
}

/** A piece of text in quotes; a character that cannot be seen alone as its number. */
function shown(text: string): string {
  if (!/^[\p{M}\p{Cf}\p{Zs}]$/u.test(text) || text === " ") {
    return JSON.stringify(text);
  }
  const code = text.codePointAt(0)!.toString(16).toUpperCase();
  return `U+${code.padStart(4, "0")}`;
}
