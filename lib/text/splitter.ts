/**
 * The one way from text to tokens.
 *
 * @module
 */

import { CharIndex } from "./char_index.ts";
import { LettersFilter } from "./normalize.ts";
import { withRoom } from "./token_ids.ts";
import type { SeenToken, TokenIndex } from "./token_index.ts";
import type { Level, Tokenizer } from "./tokenizer.ts";
import { Utf8Decoder } from "./utf8_decoder.ts";
import { WordIndex } from "./word_index.ts";

/** Code points that go from stage to stage at a time: they stay in the cache. */
const BLOCK = 2 ** 14;

const LF = 0x0a;

/** What numbers the tokens of each level. */
const INDICES: Readonly<Record<Level, () => TokenIndex>> = {
  char: () => new CharIndex(),
  word: () => new WordIndex(),
  // A byte is the character of the same number; letters are one byte each.
  byte: () => new CharIndex(),
};

/**
 * Cuts a text that comes in pieces into tokens and numbers these: decoded,
 * normalized, looked up, a block at a time. Where the pieces part makes no
 * difference.
 */
export class Splitter {
  /** None for bytes that are taken as they are. */
  readonly #decoder: Utf8Decoder | undefined;
  readonly #letters: LettersFilter | undefined;
  readonly #index: TokenIndex;
  #codes = new Uint32Array();
  /** Line ends of what needed no decoding. */
  #lineEnds = 0;
  #lastCode = LF;

  constructor({ level, normalize }: Tokenizer) {
    if (level !== "byte" || normalize === "letters") {
      this.#decoder = new Utf8Decoder();
    }
    if (normalize === "letters") {
      // Words end with their lines; characters of two lines come to stand together.
      this.#letters = new LettersFilter({ keepLineEnds: level === "word" });
    }
    this.#index = INDICES[level]();
  }

  /** Lines so far; the end of the last one begins no other. */
  get lines(): number {
    const lineEnds = this.#lineEnds + (this.#decoder?.lineEnds ?? 0);
    return lineEnds + (this.#lastCode === LF ? 0 : 1);
  }

  /** All numbers of tokens are below it. */
  get bound(): number {
    return this.#index.bound;
  }

  /** The different tokens so far, by first appearance. */
  seen(): SeenToken[] {
    return this.#index.seen();
  }

  /**
   * Numbers of the tokens that the next piece completes, in arrays that are each
   * good until the next is asked for. Bytes are decoded; a string is taken as it
   * is, with its line ends.
   *
   * @throws {SyntaxError} If bytes that are to be decoded are not UTF-8.
   */
  *push(piece: string | Uint8Array): Generator<Uint32Array, void> {
    for (const codes of this.#codePoints(piece)) {
      if (codes.length === 0) continue;
      this.#lastCode = codes[codes.length - 1];
      yield this.#index.number(this.#letters?.filter(codes) ?? codes);
    }
  }

  /**
   * Numbers of the tokens that the text's end completes.
   *
   * @throws {SyntaxError} If it ends within a character.
   */
  end(): Uint32Array {
    this.#decoder?.end();
    return this.#index.end();
  }

  *#codePoints(piece: string | Uint8Array): Generator<Uint32Array, void> {
    if (typeof piece === "string") {
      if (this.#decoder) return yield* this.#codePointsOf(piece);
      piece = new TextEncoder().encode(piece);
    }
    for (let at = 0; at < piece.length; at += BLOCK) {
      const bytes = piece.subarray(at, at + BLOCK);
      if (this.#decoder) {
        yield this.#decoder.decode(bytes);
      } else {
        this.#codes = withRoom(this.#codes, bytes.length);
        this.#codes.set(bytes);
        for (let i = 0; i < bytes.length; i++) {
          if (bytes[i] === LF) this.#lineEnds++;
        }
        yield this.#codes.subarray(0, bytes.length);
      }
    }
  }

  *#codePointsOf(text: string): Generator<Uint32Array, void> {
    const codes = new Uint32Array(Math.min(BLOCK, text.length));
    for (let at = 0; at < text.length;) {
      let length = 0;
      while (length < codes.length && at < text.length) {
        const code = text.codePointAt(at)!;
        codes[length++] = code;
        if (code === LF) this.#lineEnds++;
        at += code > 0xffff ? 2 : 1;
      }
      yield codes.subarray(0, length);
    }
  }
}
