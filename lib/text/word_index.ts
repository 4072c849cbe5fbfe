import { longer } from "./token_ids.ts";
import type { SeenToken, TokenIndex } from "./token_index.ts";

/**
 * Runs of anything but white space are tokens, numbered by first appearance. They
 * are looked up in a hash table
 * by their code points, so that a string is made once for each different word.
 */
export class WordIndex implements TokenIndex {
  /** Code points of all words, and behind them of the one that is being read. */
  #pool = new Uint32Array(1024);
  /** Where each word begins in the pool; the last is the one that is being read. */
  #starts = new Uint32Array(64);
  #hashes = new Uint32Array(64);
  #counts = new Float64Array(64);
  #size = 0;
  /** Number of the word in each place, plus 1; at most half of them are taken. */
  #places = new Uint32Array(128);
  /** Where the word that is being read ends so far, and its hash. */
  #end = 0;
  #hash = FNV.basis;

  get bound(): number {
    return this.#size;
  }

  number(codes: Uint32Array): Uint32Array {
    let pool = this.#pool, end = this.#end, hash = this.#hash;
    let start = this.#starts[this.#size], count = 0;
    for (let i = 0; i < codes.length; i++) {
      const code = codes[i];
      if (!isSpace(code)) {
        if (end === pool.length) pool = this.#pool = longer(pool, end + 1);
        pool[end++] = code;
        hash = Math.imul(hash ^ code, FNV.prime);
      } else if (end > start) {
        // No more words have ended than codes have been read: this one is.
        const word = this.#find(start, end, hash >>> 0);
        this.#counts[word]++;
        codes[count++] = word;
        start = end = this.#starts[this.#size];
        hash = FNV.basis;
      }
    }
    this.#end = end;
    this.#hash = hash;
    return codes.subarray(0, count);
  }

  end(): Uint32Array {
    return this.number(Uint32Array.of(0x20)); // ends the last word
  }

  seen(): SeenToken[] {
    return Array.from({ length: this.#size }, (_, number) => {
      const begin = this.#starts[number], end = this.#starts[number + 1];
      let token = "";
      // A call takes only so many arguments, and a word may be a whole text.
      for (let at = begin; at < end; at += 4096) {
        const codes = this.#pool.subarray(at, Math.min(at + 4096, end));
        token += String.fromCodePoint(...codes);
      }
      return { token, number, count: this.#counts[number] };
    });
  }

  /** The number of the word that has been read, a new one where it is new. */
  #find(start: number, end: number, hash: number): number {
    const last = this.#places.length - 1;
    let place = hash & last;
    for (; this.#places[place] !== 0; place = place + 1 & last) {
      const word = this.#places[place] - 1;
      if (this.#hashes[word] === hash && this.#equals(word, start, end)) {
        return word;
      }
    }
    const word = this.#size++;
    this.#places[place] = word + 1;
    this.#hashes[word] = hash;
    if (this.#size === this.#hashes.length) this.#makeRoom();
    this.#starts[this.#size] = end;
    return word;
  }

  #equals(word: number, start: number, end: number): boolean {
    const pool = this.#pool, other = this.#starts[word];
    if (this.#starts[word + 1] - other !== end - start) return false;
    for (let i = start; i < end; i++) {
      if (pool[i] !== pool[other + i - start]) return false;
    }
    return true;
  }

  /** Room for twice as many words. */
  #makeRoom(): void {
    this.#starts = longer(this.#starts, 0);
    this.#hashes = longer(this.#hashes, 0);
    this.#counts = longer(this.#counts, 0);
    this.#places = new Uint32Array(2 * this.#places.length);
    const last = this.#places.length - 1;
    for (let word = 0; word < this.#size; word++) {
      let place = this.#hashes[word] & last;
      while (this.#places[place] !== 0) place = place + 1 & last;
      this.#places[place] = word + 1;
    }
  }
}

/** Source: http://www.isthe.com/chongo/tech/comp/fnv/, FNV-1a of 32 bits. */
const FNV = { basis: 0x811c9dc5 | 0, prime: 0x01000193 };

/** Whether a code point is white space, as `\s` has it. */
function isSpace(code: number): boolean {
  if (code > 0x20 && code < 0x80) return false; // most
  if (code <= 0x20) return code === 0x20 || code >= 0x09 && code <= 0x0d;
  if (code < 0x1680) return code === 0xa0;
  return code >= 0x2000 && code <= 0x200a || code === 0x1680 ||
    code === 0x2028 || code === 0x2029 || code === 0x202f ||
    code === 0x205f || code === 0x3000 || code === 0xfeff;
}
