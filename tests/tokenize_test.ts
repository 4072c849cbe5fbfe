import { assert, assertEquals, assertThrows } from "@std/assert";
import { splitText } from "../lib/text/split_text.ts";
import { tokenize } from "../lib/tokenize.ts";
import { sha256 } from "../lib/training/checkpoint.ts";
import { needsTimeMachine, TIME_MACHINE } from "./access.ts";
import facts from "./golden/time_machine_facts.json" with { type: "json" };

const book = () => Deno.readFileSync(TIME_MACHINE);

Deno.test({
  ...needsTimeMachine("The Time Machine in characters is the chapter's"),
  fn: async () => {
    const bytes = book();
    assertEquals(bytes.length, facts.bytes);
    const lines = new TextDecoder().decode(bytes).split("\n");
    const letters = (line: string) =>
      splitText(line, { level: "char", normalize: "letters" }).tokens.join("");
    assertEquals(letters(lines[0]), facts.first_line);
    assertEquals(letters(lines[10]), facts.line_10);
    const corpus = tokenize(bytes, { normalize: "letters" });
    const { vocabulary, ids } = corpus;
    assertEquals(corpus.lines, facts.lines);
    assertEquals(corpus.totalTokens, facts.char.tokens);
    assertEquals(ids.length, facts.char.tokens);
    assertEquals(vocabulary.tokens, facts.char.idx_to_token);
    assertEquals(
      vocabulary.tokens.slice(1).map((token, i) =>
        [token, vocabulary.counts[i + 1]] as (string | number)[]
      ),
      facts.char.frequencies,
    );
    assertEquals([...ids.slice(0, 60)], facts.char.first_60_ids);
    assertEquals(
      await sha256(Uint8Array.from(ids)),
      facts.char.sha256_of_all_ids_as_bytes,
    );
  },
});

Deno.test({
  ...needsTimeMachine("maxTokens cuts ids after the vocabulary is made"),
  fn: async () => {
    const cut = tokenize(book(), { normalize: "letters", maxTokens: 10_000 });
    assertEquals(cut.ids.length, 10_000);
    assertEquals(cut.totalTokens, facts.char.tokens);
    assertEquals(cut.lines, facts.lines);
    assertEquals(cut.vocabulary.tokens, facts.char.idx_to_token);
    assertEquals(
      await sha256(Uint8Array.from(cut.ids)),
      facts.char.sha256_of_first_10000_ids_as_bytes,
    );
  },
});

Deno.test({
  ...needsTimeMachine("The Time Machine in words is the chapter's"),
  fn: () => {
    const { ids, vocabulary } = tokenize(book(), {
      level: "word",
      normalize: "letters",
    });
    assertEquals(ids.length, facts.word.tokens);
    assertEquals(vocabulary.tokens.length, facts.word.vocab_size);
    assertEquals(
      vocabulary.tokens.slice(1, 11).map((token, i) =>
        [token, vocabulary.counts[i + 1]] as (string | number)[]
      ),
      facts.word.top_10,
    );
    // Printed in d2l 8.2.4: the ids of two lines.
    const of = (line: string) => [
      ...tokenize(line, { level: "word", vocabulary }).ids,
    ];
    assertEquals(of(facts.first_line), [1, 19, 50, 40, 2183, 2184, 400]);
    assertEquals(of(facts.line_10), [
      ...[2186, 3, 25, 1044, 362, 113, 7, 1421, 3, 1045, 1],
    ]);
    // Printed in d2l 8.3.1: the most frequent pairs and triple.
    const words = Array.from(ids, (id) => vocabulary.tokens[id]);
    const count = (gram: string, n: number) =>
      words.filter((_, i) => words.slice(i, i + n).join(" ") === gram).length;
    assertEquals(count("of the", 2), 309);
    assertEquals(count("in the", 2), 169);
    assertEquals(count("i had", 2), 130);
    assertEquals(count("the time traveller", 3), 59);
  },
});

Deno.test("tokenize records the text's name, tokenizer and counts", () => {
  const corpus = tokenize("aab\nb c", { name: "abc", maxTokens: 3 });
  assertEquals(corpus, {
    name: "abc",
    tokenizer: { level: "char", normalize: "none" },
    vocabulary: {
      tokens: ["<unk>", "a", "b", "\n", " ", "c"],
      counts: [0, 2, 2, 1, 1, 1],
    },
    ids: Uint8Array.of(1, 1, 2),
    lines: 2,
    totalTokens: 7,
  });
  assertEquals(tokenize("ab", { maxTokens: 5 }).ids.length, 2);
});

Deno.test("tokenize uses a given vocabulary and counts nothing of its own", () => {
  const { vocabulary } = tokenize("abba");
  const corpus = tokenize("cab", { vocabulary });
  assert(corpus.vocabulary === vocabulary);
  assertEquals([...corpus.ids], [0, 1, 2]);
});

Deno.test("tokenize takes a string and its bytes for the same text", () => {
  for (const level of ["char", "word", "byte"] as const) {
    const text = "é🦕 x\ny";
    assertEquals(
      tokenize(text, { level }),
      tokenize(new TextEncoder().encode(text), { level }),
    );
  }
});

Deno.test("a text without a token is refused, saying what is missing", () => {
  assertThrows(() => tokenize(""), RangeError, "contains no char");
  assertThrows(
    () => tokenize(new TextEncoder().encode("\ufeff"), { name: "bom" }),
    RangeError,
    '"bom": the text contains no char',
  );
  assertThrows(
    () => tokenize("1898 -- ½\n", { normalize: "letters" }),
    RangeError,
    "after everything but the letters A to Z is removed",
  );
  assertThrows(
    () => tokenize(" \n ", { level: "word" }),
    RangeError,
    "contains no word",
  );
  assertThrows(
    () => tokenize(new Uint8Array(), { level: "byte" }),
    RangeError,
    "contains no byte",
  );
});
