import { longer } from "./token_ids.ts";
import type { SeenToken, TokenIndex } from "./token_index.ts";

/**
 * Every code point is a token. The number of those below 128 is their code, so
 * that most texts need no look-up; others have numbers from 128 on as they appear.
 */
export class CharIndex implements TokenIndex {
  /** Number of each code point from 128 on, by code; 0 of those not seen. */
  #numbers = new Uint32Array(256);
  /** By number. */
  #counts = new Float64Array(256);
  #bound = 128;
  /** Code points by first appearance. */
  readonly #seen: number[] = [];

  get bound(): number {
    return this.#bound;
  }

  number(codes: Uint32Array): Uint32Array {
    for (let i = 0; i < codes.length; i++) {
      const code = codes[i];
      let number = code;
      if (code >= 128) {
        number = code < this.#numbers.length ? this.#numbers[code] : 0;
        if (number === 0) number = this.#add(code);
        codes[i] = number;
      }
      if (this.#counts[number]++ === 0) this.#seen.push(code);
    }
    return codes;
  }

  end(): Uint32Array {
    return new Uint32Array();
  }

  seen(): SeenToken[] {
    return this.#seen.map((code) => {
      const number = code < 128 ? code : this.#numbers[code];
      const count = this.#counts[number];
      return { token: String.fromCodePoint(code), number, count };
    });
  }

  #add(code: number): number {
    if (code >= this.#numbers.length) {
      this.#numbers = longer(this.#numbers, code + 1);
    }
    const number = this.#bound++;
    if (number === this.#counts.length) {
      this.#counts = longer(this.#counts, number + 1);
    }
    return this.#numbers[code] = number;
  }
}
