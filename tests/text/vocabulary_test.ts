import { assertEquals } from "@std/assert";
import { buildVocabulary, encode } from "../../lib/text/vocabulary.ts";

Deno.test("ids go by falling frequency, of equals by first appearance", () => {
  // The alphabet would put a before b, and c before d.
  const { tokens, counts } = buildVocabulary("dbbaacdz");
  assertEquals(tokens, ["<unk>", "d", "b", "a", "c", "z"]);
  assertEquals(counts, [0, 2, 2, 2, 1, 1]);
});

Deno.test("rare tokens are left out and become <unk>", () => {
  const vocabulary = buildVocabulary("aaabbc", 2);
  assertEquals(vocabulary.tokens, ["<unk>", "a", "b"]);
  assertEquals([...encode(vocabulary, "cabx")], [0, 1, 2, 0]);
  assertEquals(buildVocabulary("aaabbc", 3).tokens, ["<unk>", "a"]);
});

Deno.test("the word <unk> in a text is the unknown token, once", () => {
  const words = ["<unk>", "a", "<unk>", "<unk>"];
  const vocabulary = buildVocabulary(words);
  assertEquals(vocabulary, { tokens: ["<unk>", "a"], counts: [0, 1] });
  assertEquals([...encode(vocabulary, words)], [0, 1, 0, 0]);
});

Deno.test("names of Object.prototype are words like any other", () => {
  const words = ["constructor", "__proto__", "constructor", "toString"];
  const vocabulary = buildVocabulary(words);
  assertEquals([...encode(vocabulary, words)], [1, 2, 1, 3]);
  assertEquals([...encode(buildVocabulary("a"), words)], [0, 0, 0, 0]);
});

Deno.test("encode is right where its buffer grows", () => {
  for (const length of [0, 1, 1023, 1024, 1025, 2048, 5000]) {
    const text = Array.from({ length }, (_, i) => "abc"[i % 3]);
    const ids = encode(
      { tokens: ["<unk>", "a", "b"], counts: [0, 1, 1] },
      text,
    );
    assertEquals([...ids], text.map((_, i) => [1, 2, 0][i % 3]));
  }
});
