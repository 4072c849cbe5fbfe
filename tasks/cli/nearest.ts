import { levenshteinDistance } from "@std/text/levenshtein-distance";

/** The most names that are worth naming. */
const MOST = 3;

/**
 * What a mistyped name may stand for, the likeliest first: the names that it is the
 * beginning of; else those that it is a part of (`layers` of `num-layers`); else the
 * one that a letter in three, or fewer, make different. None where all are far.
 */
export function nearest(typed: string, names: readonly string[]): string[] {
  const word = typed.toLowerCase().replaceAll("_", "-");
  if (word === "") return [];
  const begun = names.filter((name) => name.startsWith(word))
    .sort((a, b) => a.length - b.length);
  const parts = names.filter((name) => name.split("-").includes(word));
  for (const found of [begun, parts]) {
    if (found.length > 0) return found.length <= MOST ? found : [];
  }
  const allowed = Math.ceil(word.length / 3);
  const distances = names.map((name) => levenshteinDistance(word, name));
  const least = Math.min(...distances);
  return least <= allowed ? [names[distances.indexOf(least)]] : [];
}

/** A question to be put behind a message: `: did you mean --top-k or --top-p?`, or nothing. */
export function didYouMean(nearest: readonly string[]): string {
  return nearest.length === 0 ? "" : `: did you mean ${nearest.join(" or ")}?`;
}
