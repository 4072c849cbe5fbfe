import { grouped } from "./grouped.ts";

/**
 * A perplexity, the same everywhere: `1.04`; above a thousand `20,992`, above a million
 * `3.72e+91`; `not finite` where it is no number or too large for one.
 */
export function perplexityText(value: number): string {
  if (!Number.isFinite(value)) return "not finite";
  if (value < 999.995) return value.toFixed(2);
  return value < 999_999.5 ? grouped(value) : value.toPrecision(3);
}
