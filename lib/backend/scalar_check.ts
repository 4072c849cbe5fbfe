import {
  type NumberSignature,
  type ScalarSignature,
  SIZE_NAMES,
  type SizeName,
} from "./signature.ts";

/** What an op's letters stand for, in the order of {@linkcode SIZE_NAMES}. */
type Extents = readonly number[];

/** What a value must be like. */
type Test = (value: unknown, extents: Extents) => boolean;

/** A scalar as backends get it, from what an op is called with. */
export type ScalarCheck = (given: unknown, extents: Extents) => unknown;

/**
 * The check of one scalar of an op. It gives the default where the scalar is left out,
 * and keeps a number within what its signature lets backends get.
 *
 * The check throws a TypeError for one that is missing, and a RangeError for one that
 * the signature does not allow.
 */
export function scalarCheck(
  op: string,
  name: string,
  signature: ScalarSignature,
): ScalarCheck {
  const isAllowed = testOf(signature), limit = limitOf(signature);
  return (given, extents) => {
    const value = given ?? signature.default;
    if (isAllowed(value, extents)) {
      return limit ? limit(value as number, extents) : value;
    }
    const what = `${op}: ${name} is`;
    const expected = `expected ${allowed(signature, extents)}`;
    throw value === undefined
      ? new TypeError(`${what} missing, ${expected}`)
      : new RangeError(`${what} ${shown(value)}, ${expected}`);
  };
}

function testOf(signature: ScalarSignature): Test {
  switch (signature.kind) {
    case "number": {
      const tests = testsOf(signature);
      return (value, extents) => {
        if (typeof value !== "number") return false;
        for (const test of tests) if (!test(value, extents)) return false;
        return true;
      };
    }
    case "choice":
      return (value) => signature.values.includes(value as string);
    case "words":
      return (value) =>
        Array.isArray(value) && value.length === signature.count &&
        value.every((word) => word === word >>> 0);
  }
}

/** One test for each end of a range; NaN passes none. */
function testsOf(
  { isWhole, from, above, to, below }: NumberSignature,
): ((value: number, extents: Extents) => boolean)[] {
  const tests = [];
  if (isWhole) tests.push(Number.isInteger);
  if (from !== undefined) tests.push((value: number) => value >= from);
  if (above !== undefined) tests.push((value: number) => value > above);
  if (to !== undefined) tests.push((value: number) => value <= to);
  if (below !== undefined) {
    const end = numberOf(below);
    tests.push((value: number, extents: Extents) => value < end(extents));
  }
  return tests;
}

function limitOf(
  signature: ScalarSignature,
): ((value: number, extents: Extents) => number) | undefined {
  if (signature.kind !== "number") return undefined;
  const { least, most } = signature;
  if (least === undefined && most === undefined) return undefined;
  const end = numberOf(most ?? Infinity);
  return (value, extents) =>
    Math.min(Math.max(value, least ?? -Infinity), end(extents));
}

/** The number itself, or what a letter stands for. */
function numberOf(bound: number | SizeName): (extents: Extents) => number {
  if (typeof bound === "number") return () => bound;
  const place = SIZE_NAMES.indexOf(bound);
  return (extents) => extents[place];
}

/** The values that a scalar may have, in words. */
function allowed(signature: ScalarSignature, extents: Extents): string {
  switch (signature.kind) {
    case "number":
      return `a ${signature.isWhole ? "whole " : ""}number` +
        rangeOf(signature, extents);
    case "choice":
      return `one of ${signature.values.map(shown).join(", ")}`;
    case "words":
      return `${signature.count} whole numbers from 0 to ${2 ** 32 - 1}`;
  }
}

function rangeOf(
  { isWhole = false, from, above, to, below }: NumberSignature,
  extents: Extents,
): string {
  if (isWhole && from !== undefined && below !== undefined) {
    return ` from ${from} to ${numberOf(below)(extents) - 1}`;
  }
  const lower = from !== undefined
    ? ` of at least ${from}`
    : above !== undefined
    ? ` above ${above}`
    : "";
  if (below !== undefined) {
    return `${lower} and below ${numberOf(below)(extents)}`;
  }
  return to === undefined ? lower : `${lower}, up to ${to}`;
}

function shown(value: unknown): string {
  if (typeof value === "string") return `"${value}"`;
  return Array.isArray(value) ? `[${value.join(", ")}]` : String(value);
}
