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
  let at = 0;

  const fail = (expected: string): never => {
    const found = at < text.length ? `"${text.slice(at, at + 12)}"` : "the end";
    throw new FormatError(`expected ${expected} at ${at}, found ${found}`);
  };
  const skipSpace = () => {
    while (" \t\n\r".includes(text[at] ?? "x")) at++;
  };
  const take = (character: string) => {
    skipSpace();
    if (text[at] !== character) return false;
    at++;
    return true;
  };
  const need = (character: string) => {
    if (!take(character)) fail(`'${character}'`);
  };

  function string(): string {
    skipSpace();
    // A regular expression for this overflows its stack on a long string.
    let end = at + 1;
    while (end < text.length && text[end] !== '"') {
      end += text[end] === "\\" ? 2 : 1;
    }
    if (text[at] !== '"' || end >= text.length) fail("a string");
    const quoted = text.slice(at, end + 1);
    try {
      const value: string = JSON.parse(quoted);
      if (value.isWellFormed()) {
        at += quoted.length;
        return value;
      }
    } catch {
      // a bad escape or a control character: reported below
    }
    return fail("a well-formed string");
  }

  function number(): number {
    const literal = /(?:0|[1-9]\d*)(?![\d.eE+-])/y;
    literal.lastIndex = at;
    const [digits] = literal.exec(text) ?? [fail("a value")];
    const value = Number(digits);
    if (!Number.isSafeInteger(value)) fail("a whole number below 2^53");
    at += digits.length;
    return value;
  }

  function members<T>(close: string, member: () => T): T[] {
    const all: T[] = [];
    if (take(close)) return all;
    do all.push(member()); while (take(","));
    need(close);
    return all;
  }

  function value(depth: number): Json {
    skipSpace();
    if (text[at] === '"') return string();
    if (text[at] !== "{" && text[at] !== "[") return number();
    if (depth === maxDepth) fail(`no more than ${maxDepth} levels`);
    if (take("[")) return members("]", () => value(depth + 1));
    need("{");
    const object = new Map<string, Json>();
    members("}", () => {
      skipSpace();
      const start = at;
      const key = string();
      if (object.has(key)) {
        at = start;
        fail("a key that is not there yet");
      }
      need(":");
      object.set(key, value(depth + 1));
    });
    return object;
  }

  const parsed = value(0);
  skipSpace();
  if (at < text.length) fail("the end");
  return parsed;
}
