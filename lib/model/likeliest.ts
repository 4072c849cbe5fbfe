/**
 * The `count` ids of the greatest logits, the greatest first; of equals the lowest id.
 *
 * @param logits `(V)`, one row.
 *
 * @example
 * ```ts
 * import { likeliestIds } from "./likeliest.ts";
 *
 * console.assert(likeliestIds([0.5, 2, -1, 2], 3).join() === "1,3,0");
 * ```
 */
export function likeliestIds(
  logits: ArrayLike<number>,
  count: number,
): number[] {
  const ids: number[] = [];
  for (let id = 0; id < logits.length; id++) {
    let at = ids.length;
    while (at > 0 && logits[id] > logits[ids[at - 1]]) at--;
    if (at === count) continue; // most are no greater than all that there are
    ids.splice(at, 0, id);
    if (ids.length > count) ids.pop();
  }
  return ids;
}
