import { assert, assertEquals, assertThrows } from "@std/assert";
import type { TokenizeOptions } from "../../lib/text/corpus.ts";
import { tokenize } from "../../lib/tokenize.ts";

const text = (ids: Iterable<number>, tokens: readonly string[]) =>
  Array.from(ids, (id) => tokens[id]).join("");

Deno.test("the last part is held out, and is no part of the vocabulary", () => {
  const corpus = tokenize("bbaabbxxay", { validation: 0.4 });
  const { tokens, counts } = corpus.vocabulary;
  assertEquals(tokens, ["<unk>", "b", "a"]);
  assertEquals(counts, [0, 4, 2]);
  assertEquals(corpus.ids, Uint8Array.of(1, 1, 2, 2, 1, 1));
  assertEquals(corpus.validation, Uint8Array.of(0, 0, 2, 0));
  assertEquals(corpus.totalTokens, 10);
});

Deno.test("without validation the vocabulary is that of the whole text", () => {
  for (const options of [{}, { validation: 0 }]) {
    const corpus = tokenize("aabbbbx", { ...options, maxTokens: 3 });
    assertEquals(corpus.vocabulary.tokens, ["<unk>", "b", "a", "x"]);
    assert(!("validation" in corpus));
  }
});

Deno.test("what is cut off counts for the vocabulary, with a part held out and without", () => {
  const text = "ababab" + "cd" + "cxabe";
  for (
    const [validation, tokens, counts] of [
      [0, ["<unk>", "a", "b", "c", "d", "x", "e"], [0, 4, 4, 2, 1, 1, 1]],
      [0.25, ["<unk>", "a", "b", "c", "x", "e"], [0, 4, 4, 1, 1, 1]],
    ] as const
  ) {
    const corpus = tokenize(text, { maxTokens: 8, validation });
    assertEquals(corpus.vocabulary, {
      tokens: [...tokens],
      counts: [...counts],
    });
    assertEquals(corpus.ids.length, validation === 0 ? 8 : 6);
    assertEquals(corpus.totalTokens, 13);
  }
});

Deno.test("the fraction is of what is kept, rounded", () => {
  for (
    const [length, maxTokens, validation, held] of [
      [1000, 0, 0.1, 100],
      [1000, 500, 0.1, 50],
      [1000, 2000, 0.1, 100],
      [25, 0, 0.1, 3], // 2.5
      [24, 0, 0.1, 2], // 2.4
      [5, 0, 0.5, 3],
      [4, 0, 0.5, 2],
      [1000, 0, 0.998, 998],
    ]
  ) {
    const text = "x".repeat(length);
    const { ids, validation: tail } = tokenize(text, { maxTokens, validation });
    assertEquals(tail?.length, held, `${validation} of ${length}`);
    assertEquals(ids.length, Math.min(maxTokens || length, length) - held);
  }
});

Deno.test("the parts are right where they meet within a longer text", () => {
  const whole = Array.from(
    { length: 50_000 },
    (_, i) => "abcdefghij"[i * i % 7],
  )
    .join("");
  for (const validation of [0.001, 0.3, 0.5, 0.9]) {
    for (const level of ["char", "byte"] as const) {
      const corpus = tokenize(whole, { validation, level });
      const { tokens } = corpus.vocabulary;
      const held = Math.round(50_000 * validation);
      assertEquals(text(corpus.ids, tokens), whole.slice(0, -held));
      assertEquals(text(corpus.validation!, tokens), whole.slice(-held));
    }
  }
});

Deno.test("a given vocabulary is kept, whatever is held out", () => {
  const { vocabulary } = tokenize("abc");
  const corpus = tokenize("cabd", { vocabulary, validation: 0.5 });
  assert(corpus.vocabulary === vocabulary);
  assertEquals([...corpus.ids], [3, 1]);
  assertEquals([...corpus.validation!], [2, 0]);
});

Deno.test("parts too short to be of use are refused, saying what to do", () => {
  const cases: [length: number, validation: number, message: string][] = [
    [
      10,
      0.1,
      "of its 10 tokens, that would hold out 1 and leave 9 to train on, and each " +
      "part needs at least 2. Use a larger fraction, or a longer text",
    ],
    [
      10,
      0.9,
      "that would hold out 9 and leave 1 to train on, and each part needs at " +
      "least 2. Use a smaller fraction, or a longer text",
    ],
    [
      3,
      0.5,
      "of its 3 tokens, that would hold out 2 and leave 1 to train on, and each " +
      "part needs at least 2. Use a longer text",
    ],
    [10, 1e-9, "of its 10 tokens, that would hold out 0"],
  ];
  for (const [length, validation, message] of cases) {
    assertThrows(
      () => tokenize("x".repeat(length), { name: "book", validation }),
      RangeError,
      `Cannot hold out ${validation} of "book" for validation: `,
    );
    assertThrows(
      () => tokenize("x".repeat(length), { validation }),
      RangeError,
      message,
    );
  }
  for (const validation of [-0.1, 1, 2, NaN, Infinity]) {
    assertThrows(
      () => tokenize("x".repeat(100), { validation }),
      RangeError,
      `Cannot hold out ${validation} of a text for validation: expected a ` +
        `fraction of at least 0 and below 1`,
    );
  }
});

Deno.test("a vocabulary is extended by what the text has besides", () => {
  const { vocabulary } = tokenize("bba");
  const extended = (text: string, options: TokenizeOptions = {}) =>
    tokenize(text, { vocabulary, extend: true, ...options });
  const corpus = extended("xaxyazzzq");
  assertEquals(corpus.vocabulary, {
    tokens: ["<unk>", "b", "a", "z", "x", "y", "q"],
    counts: [0, 0, 2, 3, 2, 1, 1],
  });
  assertEquals([...corpus.ids], [4, 2, 4, 5, 2, 3, 3, 3, 6]);
  assertEquals(vocabulary.tokens, ["<unk>", "b", "a"]); // as it was

  const { tokens } = extended("xaxyazzzq", { minFrequency: 2 }).vocabulary;
  assertEquals(tokens, ["<unk>", "b", "a", "z", "x"]);
  // Of its training part alone.
  const parts = extended("xxyyzzbb", { validation: 0.5 });
  assertEquals(parts.vocabulary.tokens, ["<unk>", "b", "a", "x", "y"]);
  assertEquals([...parts.validation!], [0, 0, 1, 1]);
  // Nothing new.
  assertEquals(extended("ab").vocabulary.tokens, vocabulary.tokens);
});

Deno.test("there has to be a vocabulary to extend", () => {
  assertThrows(
    () => tokenize("abc", { extend: true }),
    TypeError,
    "Cannot extend a vocabulary: none was given",
  );
});
