import { assertEquals, assertThrows } from "@std/assert";
import { encodePrefix } from "../../lib/text/prefix.ts";
import { tokenize } from "../../lib/tokenize.ts";

Deno.test("a prefix becomes ids at every level", () => {
  const chars = tokenize("aab");
  assertEquals(encodePrefix(chars, "ba"), [2, 1]);
  const words = tokenize("to be or not to be", { level: "word" });
  assertEquals(encodePrefix(words, " not  to "), [4, 1]);
  const bytes = tokenize("éé", { level: "byte" });
  assertEquals(encodePrefix(bytes, "é"), [1, 2]);
});

Deno.test("what is not in the vocabulary is listed with its positions", () => {
  const corpus = tokenize("abc", { normalize: "letters" });
  assertThrows(
    () => encodePrefix(corpus, "aXb🙂"),
    RangeError,
    'no "X" at 2, "🙂" at 4. It was trained on lower-case letters',
  );
  assertThrows(
    () => encodePrefix(corpus, "0123456789"),
    RangeError,
    '"7" at 8, 2 more',
  );
  assertThrows(() => encodePrefix(corpus, ""), RangeError, "at least one char");
  const words = tokenize("to be", { level: "word" });
  assertThrows(() => encodePrefix(words, " "), RangeError, "at least one word");
  assertThrows(() => encodePrefix(words, "<unk>"), RangeError, '"<unk>" at 1');
});
