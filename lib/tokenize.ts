/**
 * Stage 2: text to a vocabulary and token ids.
 *
 * @module
 */

import { splitText, type Tokenizer } from "./text/tokenizer.ts";
import { buildVocabulary, encode, type Vocabulary } from "./text/vocabulary.ts";

/** A text in token ids, with all that is needed to read them. */
export interface Corpus {
  /** What the text is called, for people: `time-machine`, a file's name. */
  readonly name: string;
  /** How the text was cut. */
  readonly tokenizer: Tokenizer;
  /** The tokens behind the ids. */
  readonly vocabulary: Vocabulary;
  /** Ids below `vocabulary.tokens.length`, at most `maxTokens` of them. */
  readonly ids: Uint32Array;
  /** Ids of the tail that was held out before training. */
  readonly validation?: Uint32Array;
  /** Lines of the whole text. */
  readonly lines: number;
  /** Tokens of the whole text, before the cut to `maxTokens`. */
  readonly totalTokens: number;
}

/** Settings of {@linkcode tokenize}. */
export interface TokenizeOptions extends Partial<Tokenizer> {
  /** What to call the text. Default `"text"`. */
  readonly name?: string;
  /** Tokens that appear less often become `<unk>`. Default 0: none. */
  readonly minFrequency?: number;
  /** How many tokens to keep, from the first on. Default 0: all. */
  readonly maxTokens?: number;
  /** A vocabulary to use in place of the text's own, as when a model is evaluated. */
  readonly vocabulary?: Vocabulary;
}

/**
 * Turns a text into token ids. The vocabulary is that of the whole text; the cut
 * to `maxTokens` comes after. Source: d2l 8.2, `load_corpus_time_machine`.
 *
 * @param text A string, or the bytes of a file in UTF-8.
 * @throws {SyntaxError} If bytes are not UTF-8 (at level `byte` with
 * `normalize: "none"` any will do).
 * @throws {RangeError} If the text holds no token.
 *
 * @example
 * ```ts
 * import { tokenize } from "./tokenize.ts";
 *
 * const corpus = tokenize("Time, and time again!", { normalize: "letters" });
 * console.assert(corpus.ids.length === 19);
 * console.assert(corpus.vocabulary.tokens[0] === "<unk>");
 * ```
 */
export function tokenize(
  text: string | Uint8Array,
  {
    name = "text",
    level = "char",
    normalize = "none",
    minFrequency = 0,
    maxTokens = 0,
    vocabulary,
  }: TokenizeOptions = {},
): Corpus {
  const tokenizer = { level, normalize };
  const { lines, tokens } = splitText(text, tokenizer);
  const known = vocabulary ?? buildVocabulary(tokens, minFrequency);
  const ids = encode(known, tokens);
  if (ids.length === 0) {
    throw new RangeError(
      `Cannot make a corpus of "${name}": the text has no ${level} in it` +
        (normalize === "letters" ? " once all but letters A to Z is gone" : ""),
    );
  }
  return {
    name,
    tokenizer,
    vocabulary: known,
    ids: maxTokens > 0 ? ids.slice(0, maxTokens) : ids,
    lines,
    totalTokens: ids.length,
  };
}
