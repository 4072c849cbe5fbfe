/**
 * Stage 2: from text to a vocabulary and token ids.
 *
 * @module
 */

import type { Corpus, TokenizeOptions } from "./text/corpus.ts";
import { CorpusBuilder } from "./text/corpus_builder.ts";

/**
 * Turns a text into token ids. The vocabulary is built from the whole text except the
 * part that is held out for validation; `maxTokens` does not change it. Source: d2l
 * 8.2, `load_corpus_time_machine`.
 *
 * @param text A string, or the bytes of a file in UTF-8; for bytes, a byte-order mark
 * is left out and line breaks become `\n`.
 * @throws {SyntaxError} If the bytes are not UTF-8 (at level `byte` with
 * `normalize: "none"`, any bytes are allowed).
 * @throws {RangeError} If the text has no token, or `validation` is out of its range or
 * leaves fewer than 2 tokens in either part.
 * @throws {TypeError} If there is no vocabulary to extend.
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
  options: TokenizeOptions = {},
): Corpus {
  const builder = new CorpusBuilder(options);
  builder.push(text);
  return builder.finish();
}

/**
 * Turns a text that arrives piece by piece into token ids, like {@linkcode tokenize}:
 * the same bytes give the same corpus, however they are divided into pieces. Apart from
 * the ids, only one piece of the text is in memory at a time.
 *
 * @param pieces Bytes of a file in UTF-8. A piece is no longer used once the next one
 * is requested, so a single buffer can be reused.
 * @throws {SyntaxError} As `tokenize`.
 * @throws {RangeError} As `tokenize`.
 *
 * @example
 * ```ts
 * import { tokenizeStream } from "./tokenize.ts";
 *
 * const { body } = new Response("time and time again");
 * const corpus = await tokenizeStream(body!, { level: "word" });
 * console.assert(corpus.ids.join() === "1,2,1,3");
 * ```
 */
export async function tokenizeStream(
  pieces: AsyncIterable<Uint8Array>,
  options: TokenizeOptions = {},
): Promise<Corpus> {
  const builder = new CorpusBuilder(options);
  for await (const piece of pieces) builder.push(piece);
  return builder.finish();
}
