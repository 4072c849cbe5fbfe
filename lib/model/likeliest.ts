/**
 * The likeliest tokens at a place, from the logits of all.
 *
 * @module
 */

/** A token and how likely it is. */
export interface LikelyId {
  readonly id: number;
  /** Natural logarithm of its probability. */
  readonly logProbability: number;
}

/**
 * The `count` likeliest ids, the likeliest first; of equals the lowest id. Their
 * probabilities follow from that of one id, so that no other sum is made:
 *
 *     log p_i = z_i − z_k + log p_k
 *
 * @param logits `(V)`, one row.
 * @param known An id, and its log-probability by these logits.
 *
 * @example
 * ```ts
 * import { likeliestIds } from "./likeliest.ts";
 *
 * const logits = [0, 2, 1].map((x) => x * Math.LN2); // of 1, 4 and 2 in 7
 * const known = { id: 0, logProbability: Math.log(1 / 7) };
 * const [first, second] = likeliestIds(logits, known, 2);
 * console.assert(first.id === 1 && second.id === 2);
 * console.assert(Math.abs(Math.exp(second.logProbability) - 2 / 7) < 1e-12);
 * ```
 */
export function likeliestIds(
  logits: ArrayLike<number>,
  known: LikelyId,
  count: number,
): LikelyId[] {
  const ids: number[] = []; // sorted, at most `count` and one more
  for (let id = 0; id < logits.length; id++) {
    if (ids.length === count && !(logits[id] > logits[ids[count - 1]])) {
      continue;
    }
    let at = ids.length;
    while (at > 0 && logits[id] > logits[ids[at - 1]]) at--;
    ids.splice(at, 0, id);
    if (ids.length > count) ids.pop();
  }
  const shift = known.logProbability - logits[known.id];
  return ids.map((id) => ({ id, logProbability: logits[id] + shift }));
}
