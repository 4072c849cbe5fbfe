import { assertEquals } from "@std/assert";
import { buildVocabulary, idsByToken } from "../../lib/text/vocabulary.ts";

Deno.test("ids go by falling frequency, of equals by first appearance", () => {
  // The alphabet would put a before b, and c before d.
  const { tokens, counts } = buildVocabulary([
    ["d", 2],
    ["b", 2],
    ["a", 2],
    ["z", 1],
    ["c", 3],
  ]);
  assertEquals(tokens, ["<unk>", "c", "d", "b", "a", "z"]);
  assertEquals(counts, [0, 3, 2, 2, 2, 1]);
});

Deno.test("rare tokens are left out, and those that are not there", () => {
  const counted = [["a", 3], ["b", 2], ["c", 1], ["d", 0]] as const;
  assertEquals(
    buildVocabulary(counted, { minFrequency: 2 }).tokens,
    ["<unk>", "a", "b"],
  );
  assertEquals(buildVocabulary(counted).tokens, ["<unk>", "a", "b", "c"]);
});

Deno.test("the word <unk> in a text is the unknown token, once", () => {
  assertEquals(
    buildVocabulary([["<unk>", 3], ["a", 1]]),
    { tokens: ["<unk>", "a"], counts: [0, 1] },
  );
});

Deno.test("names of Object.prototype are words like any other", () => {
  const words = [["constructor", 2], ["__proto__", 1]] as const;
  const vocabulary = buildVocabulary(words);
  assertEquals(vocabulary.tokens, ["<unk>", "constructor", "__proto__"]);
  const ids = idsByToken(vocabulary);
  assertEquals(ids.get("__proto__"), 2);
  assertEquals(ids.get("toString"), undefined);
});

Deno.test("an extended vocabulary keeps its ids, and new tokens follow", () => {
  const extended = { tokens: ["<unk>", "x", "b"], counts: [0, 9, 8] };
  const counted = [["c", 1], ["b", 5], ["a", 2], ["d", 2], [
    "<unk>",
    7,
  ]] as const;
  assertEquals(buildVocabulary(counted, { extended }), {
    tokens: ["<unk>", "x", "b", "a", "d", "c"],
    counts: [0, 0, 5, 2, 2, 1],
  });
  assertEquals(buildVocabulary(counted, { extended, minFrequency: 6 }), {
    tokens: ["<unk>", "x", "b"],
    counts: [0, 0, 5],
  });
});
