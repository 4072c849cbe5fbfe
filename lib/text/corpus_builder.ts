/**
 * From the pieces of a text to a corpus.
 *
 * @module
 */

import { InputError } from "../input_error.ts";
import { filledIn, isInRange } from "../setting.ts";
import {
  type Corpus,
  TOKENIZE_SETTINGS,
  type TokenizeOptions,
} from "./corpus.ts";
import { IdList } from "./id_list.ts";
import { Splitter } from "./splitter.ts";
import { type TokenIds, tokenIds } from "./token_ids.ts";
import type { SeenToken } from "./token_index.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { buildVocabulary, idsByToken, type Vocabulary } from "./vocabulary.ts";

/**
 * Takes a text piece by piece and makes a corpus of it. Tokens are numbered as
 * they come, in arrays as narrow as their number allows; the vocabulary is made at
 * the end, and the ids are then handed over chunk by chunk, so that at no time
 * there are two copies of them.
 *
 * @example
 * ```ts
 * import { CorpusBuilder } from "./corpus_builder.ts";
 *
 * const builder = new CorpusBuilder({ name: "abba" });
 * for (const piece of ["ab", "ba"]) builder.push(piece);
 * console.assert(builder.finish().ids.join() === "1,2,2,1");
 * ```
 */
export class CorpusBuilder {
  readonly #options: TokenizeOptions;
  readonly #tokenizer: Tokenizer;
  readonly #splitter: Splitter;
  /** Numbers of the tokens that are kept. */
  readonly #kept = new IdList();
  readonly #most: number;
  #total = 0;

  /**
   * @throws {RangeError} If the level or the normalization is unknown, or `validation`
   * is not from 0 to below 1.
   * @throws {TypeError} If there is no vocabulary to extend.
   */
  constructor(options: TokenizeOptions = {}) {
    const { level, normalize, maxTokens, validation } = filledIn(
      TOKENIZE_SETTINGS,
      options,
    );
    const { vocabulary, extend = false } = options;
    if (!isInRange(TOKENIZE_SETTINGS.validation, validation)) {
      throw new InputError(
        `Cannot hold out ${validation} of a text for validation: ` +
          "expected a fraction of at least 0 and below 1",
      );
    }
    if (extend && !vocabulary) {
      throw new TypeError("Cannot extend a vocabulary: none was given");
    }
    this.#options = options;
    this.#tokenizer = { level, normalize };
    this.#splitter = new Splitter(this.#tokenizer);
    this.#most = maxTokens > 0 ? Math.trunc(maxTokens) : Infinity;
  }

  /**
   * Takes the next piece: bytes in UTF-8 (at level `byte` with no normalization
   * any), parted anywhere, or a string.
   *
   * @throws {SyntaxError} If the bytes are not UTF-8; says where.
   */
  push(piece: string | Uint8Array): void {
    for (const numbers of this.#splitter.push(piece)) this.#take(numbers);
  }

  /**
   * Ends the text and makes the corpus; nothing can be added after.
   *
   * @throws {SyntaxError} If the text ends within a character.
   * @throws {RangeError} If the text has no token, or too few for the part that is
   * to be held out.
   */
  finish(): Corpus {
    this.#take(this.#splitter.end());
    const { name = "text" } = this.#options;
    if (this.#total === 0) {
      const letters = this.#tokenizer.normalize === "letters";
      throw new InputError(
        `Cannot make a corpus from "${name}": the text contains no ` +
          `${this.#tokenizer.level}` +
          (letters
            ? " after everything but the letters A to Z is removed"
            : ""),
      );
    }
    const held = this.#heldOut(name);
    const trained = this.#kept.length - held;
    const seen = this.#splitter.seen();
    const vocabulary = this.#vocabulary(seen, trained);
    const size = vocabulary.tokens.length;
    const known = idsByToken(vocabulary);
    const idByNumber = new Uint32Array(this.#splitter.bound);
    for (const { token, number } of seen) {
      idByNumber[number] = known.get(token) ?? 0;
    }
    const ids = tokenIds(size, trained), validation = tokenIds(size, held);
    let at = 0;
    for (const numbers of this.#kept.drain()) {
      const part = numbers.subarray(0, Math.max(0, trained - at));
      renumber(part, idByNumber, ids, at);
      const rest = numbers.subarray(part.length);
      renumber(rest, idByNumber, validation, at + part.length - trained);
      at += numbers.length;
    }
    return {
      name,
      tokenizer: this.#tokenizer,
      vocabulary,
      ids,
      ...held > 0 && { validation },
      lines: this.#splitter.lines,
      totalTokens: this.#total,
    };
  }

  #take(numbers: Uint32Array): void {
    this.#total += numbers.length;
    const room = this.#most - this.#kept.length;
    this.#kept.append(numbers.subarray(0, room), this.#splitter.bound);
  }

  /** How many of the tokens kept are held out, the last ones. */
  #heldOut(name: string): number {
    const { validation = 0 } = this.#options;
    if (validation === 0) return 0;
    const kept = this.#kept.length;
    const held = Math.round(validation * kept);
    if (held >= 2 && kept - held >= 2) return held;
    const remedy = kept < 4
      ? "a longer text"
      : `a ${held < 2 ? "larger" : "smaller"} fraction, or a longer text`;
    throw new InputError(
      `Cannot hold out ${validation} of "${name}" for validation: of ` +
        `its ${kept} tokens, that would hold out ${held} and leave ` +
        `${kept - held} to train on, and each part needs at least 2. ` +
        `Use ${remedy}`,
    );
  }

  /** Counted in the whole text, less what is held out: that from `trained` on. */
  #vocabulary(seen: readonly SeenToken[], trained: number): Vocabulary {
    const { vocabulary, extend, minFrequency } = this.#options;
    if (vocabulary && !extend) return vocabulary;
    const heldOut = new Float64Array(this.#splitter.bound); // how often each is there
    for (const numbers of this.#kept.from(trained)) {
      for (let i = 0; i < numbers.length; i++) heldOut[numbers[i]]++;
    }
    const counted = seen.map(({ token, number, count }) =>
      [token, count - heldOut[number]] as const
    );
    return buildVocabulary(counted, { minFrequency, extended: vocabulary });
  }
}

/** Writes the id of each number to `ids`, from `at` on. */
function renumber(
  numbers: TokenIds,
  idByNumber: Uint32Array,
  ids: TokenIds,
  at: number,
): void {
  for (let i = 0; i < numbers.length; i++) {
    ids[at + i] = idByNumber[numbers[i]];
  }
}
