import { assert, assertEquals } from "@std/assert";
import { likeliestIds } from "../../lib/model/likeliest.ts";
import { randomNormal } from "../../lib/random.ts";

/** Log-probabilities of logits. */
function logSoftmax(logits: readonly number[]): number[] {
  const sum = logits.reduce((sum, z) => sum + Math.exp(z), 0);
  return logits.map((z) => z - Math.log(sum));
}

Deno.test("the likeliest ids are those that sorting gives, with log softmax", () => {
  for (let seed = 0; seed < 20; seed++) {
    const logits = [...randomNormal(seed, { stream: "parameters" }, 11)];
    const expected = logSoftmax(logits);
    const sorted = expected.map((logProbability, id) => ({
      id,
      logProbability,
    }))
      .sort((a, b) => b.logProbability - a.logProbability);
    for (const count of [0, 1, 3, 11, 12]) {
      for (const id of [0, 10]) {
        const known = { id, logProbability: expected[id] };
        const found = likeliestIds(logits, known, count);
        assertEquals(
          found.map(({ id }) => id),
          sorted.slice(0, count).map(({ id }) => id),
        );
        found.forEach(({ logProbability }, i) => {
          // Two sums of numbers below 4, in float64.
          assert(
            Math.abs(logProbability - sorted[i].logProbability) < 1e-14,
          );
        });
      }
    }
  }
});

Deno.test("of ids that are equally likely the lowest come first", () => {
  const known = { id: 3, logProbability: Math.log(0.1) };
  const found = likeliestIds([1, 2, 2, 1, 2], known, 4);
  assertEquals(found.map(({ id }) => id), [1, 2, 4, 0]);
});
