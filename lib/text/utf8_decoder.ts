/**
 * UTF-8 to code points, in pieces of any size.
 *
 * @module
 */

import { FormatError } from "../input_error.ts";
import { withRoom } from "./token_ids.ts";

const LF = 0x0a, CR = 0x0d, BOM = 0xfeff;

/**
 * Decodes a text that comes in pieces, strictly; a byte-order mark at its very
 * beginning is left out and line ends become `\n`, wherever the pieces part.
 *
 * Source: https://encoding.spec.whatwg.org/#utf-8-decoder, with errors fatal.
 *
 * @example
 * ```ts
 * import { Utf8Decoder } from "./utf8_decoder.ts";
 *
 * const decoder = new Utf8Decoder();
 * const [a, b] = ["é\r", "\ny"].map((text) => new TextEncoder().encode(text));
 * console.assert(decoder.decode(a).join() === "233,10");
 * console.assert(decoder.decode(b).join() === "121");
 * decoder.end();
 * ```
 */
export class Utf8Decoder {
  #codes = new Uint32Array();
  /** Bytes of the pieces before. */
  #before = 0;
  /** Where the last character begins, counted from the text's first byte. */
  #start = 0;
  /** What is known of a character that is not whole, and how many bytes it lacks. */
  #code = 0;
  #lacks = 0;
  /** Bounds of the next of these bytes. */
  #low = 0x80;
  #high = 0xbf;
  /** Whether the last byte was a carriage return, whose line feed is not to count. */
  #afterReturn = false;
  #lineEnds = 0;

  /** Line ends so far. */
  get lineEnds(): number {
    return this.#lineEnds;
  }

  /**
   * The code points that a piece completes, in an array that is good until the
   * next call.
   *
   * @throws {SyntaxError} If the bytes are not UTF-8; says where the first
   * character begins that is none.
   */
  decode(bytes: Uint8Array): Uint32Array {
    const codes = this.#codes = withRoom(this.#codes, bytes.length);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let length = 0;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i];
      if (this.#lacks > 0) {
        if (byte < this.#low || byte > this.#high) this.#fail();
        this.#low = 0x80;
        this.#high = 0xbf;
        this.#code = this.#code << 6 | byte & 0x3f;
        if (--this.#lacks > 0) continue;
        if (this.#code === BOM && this.#start === 0) continue;
        codes[length++] = this.#code;
      } else if (byte >= 0x80) {
        this.#start = this.#before + i;
        this.#begin(byte);
        this.#afterReturn = false;
      } else if (byte === CR || byte === LF && !this.#afterReturn) {
        codes[length++] = LF;
        this.#lineEnds++;
        this.#afterReturn = byte === CR;
      } else {
        if (!this.#afterReturn || byte !== LF) codes[length++] = byte;
        this.#afterReturn = false;
        // Most bytes stand for themselves, one after the other. Four are looked at
        // at once: the high bit of each is set where it is 0x80 or more, or, less
        // 0x0e, where it or the one before may be a line end.
        for (; i + 4 < bytes.length; i += 4, length += 4) {
          const four = view.getInt32(i + 1, true);
          if (((four - 0x0e0e0e0e | four) & 0x80808080) !== 0) break;
          codes[length] = four & 0xff;
          codes[length + 1] = four >> 8 & 0xff;
          codes[length + 2] = four >> 16 & 0xff;
          codes[length + 3] = four >> 24;
        }
      }
    }
    this.#before += bytes.length;
    return codes.subarray(0, length);
  }

  /**
   * Ends the text.
   *
   * @throws {SyntaxError} If it ends within a character.
   */
  end(): void {
    if (this.#lacks > 0) this.#fail();
  }

  /** Takes the first byte of a character of several. */
  #begin(byte: number): void {
    if (byte >= 0xc2 && byte <= 0xdf) {
      this.#lacks = 1;
      this.#code = byte & 0x1f;
    } else if (byte >= 0xe0 && byte <= 0xef) {
      this.#lacks = 2;
      this.#code = byte & 0x0f;
      if (byte === 0xe0) this.#low = 0xa0; // below: two bytes would do
      if (byte === 0xed) this.#high = 0x9f; // above: surrogates
    } else if (byte >= 0xf0 && byte <= 0xf4) {
      this.#lacks = 3;
      this.#code = byte & 0x07;
      if (byte === 0xf0) this.#low = 0x90; // below: three bytes would do
      if (byte === 0xf4) this.#high = 0x8f; // above: beyond U+10FFFF
    } else {
      this.#fail();
    }
  }

  #fail(): never {
    throw new FormatError(
      "The text is not UTF-8: no character begins at byte " +
        `${this.#start}. Convert it to UTF-8, or model its bytes (level ` +
        '"byte", normalize "none")',
    );
  }
}
