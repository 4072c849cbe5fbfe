import { assertEquals } from "@std/assert";
import { likeliestIds } from "../../lib/model/likeliest.ts";
import { randomNormal } from "../../lib/random.ts";

Deno.test("the likeliest ids are those that sorting gives", () => {
  for (let seed = 0; seed < 20; seed++) {
    const drawn = randomNormal(seed, { stream: "parameters" }, 11);
    // Rounded, some are equal: a sort that is stable leaves these in order.
    for (const logits of [drawn, drawn.map(Math.round)]) {
      const sorted = Array.from(logits, (_, id) => id)
        .sort((a, b) => logits[b] - logits[a]);
      for (const count of [0, 1, 3, 11, 12]) {
        assertEquals(likeliestIds(logits, count), sorted.slice(0, count));
      }
    }
  }
});
