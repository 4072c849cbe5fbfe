import { assertEquals, assertThrows } from "@std/assert";
import { canContinue, encodePrefix, prefixIds } from "../../lib/text/prefix.ts";
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

Deno.test("a text can be a prefix where it has tokens that are all known", () => {
  const chars = tokenize("to be\n"),
    words = tokenize("to be", { level: "word" });
  for (
    const [corpus, text, expected] of [
      [chars, "be to", true],
      [chars, "be\r\nto", true],
      [chars, "bet!", false],
      [chars, "", false],
      [words, "be to", true],
      [words, "bet", false],
      [words, " ", false],
      [words, "<unk>", false],
      [tokenize("éé", { level: "byte" }), "é", true],
      [tokenize("éé", { level: "byte" }), "è", false],
    ] as const
  ) {
    assertEquals(canContinue(corpus, text), expected, JSON.stringify(text));
    if (expected) encodePrefix(corpus, text);
    else assertThrows(() => encodePrefix(corpus, text), RangeError);
  }
});

Deno.test("line ends of a prefix are read as those of a text file", () => {
  const file = new TextEncoder().encode("ab\r\nba\rab");
  const corpus = tokenize(file);
  const [, b, lf, , a] = corpus.ids;
  assertEquals(encodePrefix(corpus, "b\r\na\r"), [b, lf, a, lf]);
  // Bytes, and a string, are taken as they are: with their carriage returns.
  for (const level of ["char", "byte"] as const) {
    const taken = level === "byte"
      ? tokenize(file, { level })
      : tokenize("ab\r\nba\rab");
    const prefix = encodePrefix(taken, "a\r\nb");
    assertEquals(prefix, [0, 2, 3, 4].map((at) => taken.ids[at]));
  }
  // Bytes without them were not written on Windows: \n is all that is meant.
  const unix = tokenize("ab\nba", { level: "byte" });
  assertEquals(encodePrefix(unix, "b\r\n"), [2, 3]);
});

Deno.test("letters and accents apart or as one: the form that is known is named", () => {
  const composed = "caf\u00e9", apart = "cafe\u0301";
  for (const level of ["char", "word", "byte"] as const) {
    assertThrows(
      () => encodePrefix(tokenize(apart, { level }), composed),
      RangeError,
      "are two characters: write the prefix in Unicode's normal form NFD",
    );
    assertThrows(
      () => encodePrefix(tokenize(composed, { level }), apart),
      RangeError,
      "are one character: write the prefix in Unicode's normal form NFC",
    );
  }
  assertThrows(
    () => encodePrefix(tokenize(composed + "e"), apart),
    RangeError,
    "no U+0301 at 5.",
  );
  assertThrows(
    () => encodePrefix(tokenize("\uac01"), "\u1100\u1161\u11a8"),
    RangeError,
    "normal form NFC",
  );
  // Neither form is known.
  const letters = tokenize("cafe", { normalize: "letters" });
  for (const prefix of [composed, apart, "\u00c9", "E\u0301"]) {
    assertThrows(
      () => encodePrefix(letters, prefix),
      RangeError,
      ". It was trained on lower-case letters",
    );
  }
});

Deno.test("at level byte characters are listed, not their bytes", () => {
  const corpus = tokenize("жук", { level: "byte" });
  assertThrows(
    () => encodePrefix(corpus, "ж! 🦕"),
    RangeError,
    'no "!" at 2, " " at 3, "🦕" at 4',
  );
});

Deno.test("ids are taken as they are, those of no token refused", () => {
  const corpus = tokenize("aab");
  assertEquals(prefixIds(corpus, "ba"), [2, 1]);
  assertEquals(prefixIds(corpus, [2, 0, 1]), [2, 0, 1]); // <unk> is read, too
  for (const bad of [3, -1, 0.5, NaN, Infinity]) {
    assertThrows(
      () => prefixIds(corpus, [1, bad]),
      RangeError,
      `id ${bad} at 2 is not in the vocabulary: expected whole numbers from 0 to 2`,
    );
  }
  assertThrows(() => prefixIds(corpus, []), RangeError, "at least one id");
  const unknown = {
    ...corpus,
    vocabulary: { tokens: ["<unk>"], counts: [0] },
  };
  assertThrows(
    () => prefixIds(unknown, [0]),
    RangeError,
    "only the token <unk>",
  );
});
