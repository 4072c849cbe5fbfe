import { FormatError } from "./input_error.ts";

/** What {@linkcode parseStrictJson} returns; objects are Maps, so no name is special. */
export type Json =
  | string
  | number
  | readonly Json[]
  | ReadonlyMap<string, Json>;

/**
 * Parses the JSON that file headers are made of: objects, arrays, strings and
 * whole numbers from 0 to 2⁵³ − 1. `JSON.parse` would keep the last of two equal
 * keys, round great numbers and take `16.0` for a length; here each is an error.
 *
 * @param maxDepth How many objects and arrays may stand within each other.
 * @throws {SyntaxError} Saying what was found at which character.
 *
 * @example
 * ```ts
 * import { parseStrictJson } from "./strict_json.ts";
 *
 * const header = parseStrictJson('{"shape": [2, 3]}', 4);
 * console.assert(header instanceof Map && header.has("shape"));
 * ```
 */
export function parseStrictJson(text: string, maxDepth: number): Json {
  return new Parser(text, maxDepth).parse();
}

/** A text, and how far it has been read: one method a rule of the grammar. */
class Parser {
  readonly #text: string;
  readonly #maxDepth: number;
  #at = 0;

  constructor(text: string, maxDepth: number) {
    this.#text = text;
    this.#maxDepth = maxDepth;
  }

  /** The whole text as one value. */
  parse(): Json {
    const parsed = this.#value(0);
    this.#skipSpace();
    if (this.#at < this.#text.length) this.#fail("the end");
    return parsed;
  }

  #value(depth: number): Json {
    this.#skipSpace();
    const first = this.#text[this.#at];
    if (first === '"') return this.#string();
    if (first !== "{" && first !== "[") return this.#number();
    if (depth === this.#maxDepth) {
      this.#fail(`no more than ${this.#maxDepth} levels`);
    }
    if (this.#take("[")) {
      return this.#members("]", () => this.#value(depth + 1));
    }
    this.#need("{");
    return this.#entries(depth + 1);
  }

  #entries(depth: number): ReadonlyMap<string, Json> {
    const entries = new Map<string, Json>();
    this.#members("}", () => {
      this.#skipSpace();
      const start = this.#at;
      const key = this.#string();
      if (entries.has(key)) {
        this.#at = start;
        this.#fail("a key that has not occurred yet");
      }
      this.#need(":");
      entries.set(key, this.#value(depth));
    });
    return entries;
  }

  #members<T>(close: string, member: () => T): T[] {
    const all: T[] = [];
    if (this.#take(close)) return all;
    do all.push(member()); while (this.#take(","));
    this.#need(close);
    return all;
  }

  #string(): string {
    this.#skipSpace();
    const text = this.#text, begin = this.#at;
    // A regular expression for this overflows its stack on a long string.
    let end = begin + 1;
    while (end < text.length && text[end] !== '"') {
      end += text[end] === "\\" ? 2 : 1;
    }
    if (text[begin] !== '"' || end >= text.length) this.#fail("a string");
    const quoted = text.slice(begin, end + 1);
    try {
      const value: string = JSON.parse(quoted);
      if (value.isWellFormed()) {
        this.#at += quoted.length;
        return value;
      }
    } catch {
      // a bad escape or a control character: reported below
    }
    return this.#fail("a well-formed string");
  }

  #number(): number {
    const literal = /(?:0|[1-9]\d*)(?![\d.eE+-])/y;
    literal.lastIndex = this.#at;
    const [digits] = literal.exec(this.#text) ?? [this.#fail("a value")];
    const value = Number(digits);
    if (!Number.isSafeInteger(value)) this.#fail("a whole number below 2^53");
    this.#at += digits.length;
    return value;
  }

  #need(character: string): void {
    if (!this.#take(character)) this.#fail(`'${character}'`);
  }

  /** Goes past a character, behind any space, if that is what comes next. */
  #take(character: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #skipSpace(): void {
    while (" \t\n\r".includes(this.#text[this.#at] ?? "x")) this.#at++;
  }

  #fail(expected: string): never {
    const found = this.#at < this.#text.length
      ? `"${this.#text.slice(this.#at, this.#at + 12)}"`
      : "the end";
    throw new FormatError(
      `expected ${expected} at ${this.#at}, found ${found}`,
    );
  }
}
