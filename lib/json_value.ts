/**
 * Values that were parsed from the JSON in a file: checked, then typed.
 *
 * @module
 */

import { FormatError } from "./input_error.ts";

/** An object of which nothing is known yet. Its prototype is never asked. */
export type JsonObject = ReadonlyMap<string, unknown>;

/**
 * The value that a text of JSON stands for.
 *
 * @throws {FormatError} If the text is not JSON.
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FormatError((error as Error).message);
  }
}

/**
 * The fields of an object.
 *
 * @param what How the message begins: `its corpus is`.
 * @throws {FormatError} If the value is no object.
 *
 * @example
 * ```ts
 * import { countOf, fieldsOf } from "./json_value.ts";
 *
 * const fields = fieldsOf(JSON.parse('{"tokens": 12}'), "its corpus is");
 * console.assert(countOf(fields.get("tokens"), "its length is") === 12);
 * ```
 */
export function fieldsOf(value: unknown, what: string): JsonObject {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return new Map(Object.entries(value));
  }
  return refuse(what, "an object");
}

/** A text; throws a FormatError if the value is none. */
export function textOf(value: unknown, what: string): string {
  return typeof value === "string" ? value : refuse(what, "a text");
}

/** A number that is finite; throws a FormatError if the value is none. */
export function numberOf(value: unknown, what: string): number {
  return Number.isFinite(value) ? value as number : refuse(what, "a number");
}

/** A whole number from 0 on; throws a FormatError if the value is none. */
export function countOf(value: unknown, what: string): number {
  return Number.isSafeInteger(value) && Number(value) >= 0
    ? value as number
    : refuse(what, "a whole number of at least 0");
}

/** A list of texts; throws a FormatError if the value is none. */
export function textsOf(value: unknown, what: string): string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string")
    ? value
    : refuse(what, "a list of strings");
}

/** A list of numbers; throws a FormatError if the value is none. */
export function numbersOf(value: unknown, what: string): number[] {
  return Array.isArray(value) && value.every((item) => Number.isFinite(item))
    ? value
    : refuse(what, "a list of numbers");
}

function refuse(what: string, expected: string): never {
  throw new FormatError(`${what} not ${expected}`);
}
