/**
 * A growing list of token ids.
 *
 * @module
 */

import { type TokenIds, tokenIds } from "./token_ids.ts";

/** Elements of the first chunk and of the longest; each is as long as all before. */
const CHUNK = { least: 2 ** 12, most: 2 ** 24 };

/**
 * Ids in chunks: to grow, nothing is copied, and a chunk begun while there were
 * few different tokens stays as narrow as it is.
 */
export class IdList {
  readonly #chunks: { readonly ids: TokenIds; length: number }[] = [];
  #length = 0;

  /** How many ids it holds. */
  get length(): number {
    return this.#length;
  }

  /** Adds ids, each below `bound`. */
  append(ids: Uint32Array, bound: number): void {
    const { BYTES_PER_ELEMENT: width } = tokenIds(bound, 0);
    for (let at = 0; at < ids.length;) {
      let chunk = this.#chunks.at(-1);
      if (
        !chunk || chunk.length === chunk.ids.length ||
        chunk.ids.BYTES_PER_ELEMENT < width
      ) {
        const { least, most } = CHUNK;
        const length = Math.max(least, Math.min(most, this.#length));
        chunk = { ids: tokenIds(bound, length), length: 0 };
        this.#chunks.push(chunk);
      }
      const room = chunk.ids.length - chunk.length;
      const part = ids.subarray(at, at + room);
      chunk.ids.set(part, chunk.length);
      chunk.length += part.length;
      this.#length += part.length;
      at += part.length;
    }
  }

  /** The ids from number `start` on, in order, in arrays of any width. */
  *from(start: number): Generator<TokenIds, void> {
    for (const { ids, length } of this.#chunks) {
      yield ids.subarray(Math.min(start, length), length);
      start = Math.max(0, start - length);
    }
  }

  /** All ids in order; an array that has been read is gone. */
  *drain(): Generator<TokenIds, void> {
    for (const { ids, length } of this.#chunks.splice(0)) {
      yield ids.subarray(0, length);
      // Garbage is collected too late: all ids would be there beside their copies.
      (ids.buffer as ArrayBuffer).transfer(0);
    }
    this.#length = 0;
  }
}
