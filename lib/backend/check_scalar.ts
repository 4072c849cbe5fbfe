import type {
  NumberSignature,
  ScalarSignature,
  SizeName,
} from "./signature.ts";

/** What an op's letters stand for. */
type Sizes = Readonly<Record<SizeName, number>>;

/**
 * A scalar as backends get it: its default where it is left out, and within what its
 * signature lets them get.
 *
 * @throws {TypeError} If it is missing.
 * @throws {RangeError} If its signature does not allow it.
 */
export function checkScalar(
  op: string,
  name: string,
  signature: ScalarSignature,
  given: unknown,
  sizes: Sizes,
): unknown {
  const value = given ?? signature.default;
  if (isAllowed(signature, value, sizes)) {
    return signature.kind === "number"
      ? limited(signature, value as number, sizes)
      : value;
  }
  const expected = `expected ${allowed(signature, sizes)}`;
  if (value === undefined) {
    throw new TypeError(`${op}: ${name} is missing, ${expected}`);
  }
  throw new RangeError(`${op}: ${name} is ${shown(value)}, ${expected}`);
}

function isAllowed(
  signature: ScalarSignature,
  value: unknown,
  sizes: Sizes,
): boolean {
  switch (signature.kind) {
    case "number":
      return typeof value === "number" && isWithin(signature, value, sizes);
    case "choice":
      return signature.values.some((one) => one === value);
    case "words":
      return Array.isArray(value) && value.length === signature.count &&
        value.every((word) => Number.isInteger(word) && word === word >>> 0);
  }
}

/** Whether a number is within its range; NaN is in none that has an end. */
function isWithin(
  { isWhole = false, from, above, to, below }: NumberSignature,
  value: number,
  sizes: Sizes,
): boolean {
  return (!isWhole || Number.isInteger(value)) &&
    (from === undefined || value >= from) &&
    (above === undefined || value > above) &&
    (to === undefined || value <= to) &&
    (below === undefined || value < numberOf(below, sizes));
}

/** The number itself, or what a letter stands for. */
function numberOf(bound: number | SizeName, sizes: Sizes): number {
  return typeof bound === "number" ? bound : sizes[bound];
}

/** The values that a scalar may have, in words. */
function allowed(signature: ScalarSignature, sizes: Sizes): string {
  switch (signature.kind) {
    case "number":
      return `a ${signature.isWhole ? "whole " : ""}number` +
        rangeOf(signature, sizes);
    case "choice":
      return `one of ${signature.values.map(shown).join(", ")}`;
    case "words":
      return `${signature.count} whole numbers from 0 to ${2 ** 32 - 1}`;
  }
}

function rangeOf(
  { isWhole = false, from, above, to, below }: NumberSignature,
  sizes: Sizes,
): string {
  if (isWhole && from !== undefined && below !== undefined) {
    return ` from ${from} to ${numberOf(below, sizes) - 1}`;
  }
  const lower = from !== undefined
    ? ` of at least ${from}`
    : above !== undefined
    ? ` above ${above}`
    : "";
  if (below !== undefined) {
    return `${lower} and below ${numberOf(below, sizes)}`;
  }
  return to === undefined ? lower : `${lower}, up to ${to}`;
}

function shown(value: unknown): string {
  if (typeof value === "string") return `"${value}"`;
  return Array.isArray(value) ? `[${value.join(", ")}]` : String(value);
}

function limited(
  { least = -Infinity, most = Infinity }: NumberSignature,
  value: number,
  sizes: Sizes,
): number {
  return Math.min(Math.max(value, least), numberOf(most, sizes));
}
