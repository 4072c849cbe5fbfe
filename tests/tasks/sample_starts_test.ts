import { assert, assertEquals } from "@std/assert";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import type { Corpus, TokenizeOptions } from "../../lib/text/corpus.ts";
import { decodeIds } from "../../lib/text/decode_ids.ts";
import { tokenize } from "../../lib/tokenize.ts";
import { continued } from "../../tasks/cli/continued.ts";
import { sampleStarts } from "../../tasks/shared/sample_starts.ts";
import { untrained } from "../generation/model.ts";

/** The starts as text; each of them is what its ids stand for, and none of them `<unk>`. */
function startsOf(
  text: string | Uint8Array,
  options: TokenizeOptions = {},
): string[] {
  const corpus = tokenize(text, options);
  return sampleStarts(corpus).map(({ ids, text }) => {
    assertEquals(decodeIds(corpus, ids), text);
    assert(ids.every((id) => id > 0));
    return text;
  });
}

const TALE =
  "The Time Traveller (for so it will be convenient to speak of him)";

Deno.test("the book's prompts are for the book's texts alone", () => {
  const letters = { normalize: "letters" } as const;
  for (const name of ["time-machine", "sample"]) {
    for (const level of ["char", "word", "byte"] as const) {
      assertEquals(
        startsOf(TALE, { ...letters, level, name }),
        ["time traveller", "traveller"],
      );
    }
    // Not cleaned, the text has capitals; and some texts lack the letters.
    assertEquals(startsOf(TALE, { name }), ["The Time T"]);
    assertEquals(startsOf("abc abc", { ...letters, name }), ["abc abc"]);
    assertEquals(
      startsOf("travellers travel; a traveller", {
        ...{ name, level: "word" },
        ...letters,
      }),
      ["traveller"],
    );
  }
  for (const name of ["book.txt", "./sample", "time-machine.txt", "text"]) {
    assertEquals(startsOf(TALE, { ...letters, name }), ["the time t"]);
  }
  assertEquals(
    startsOf("city;country\nKöln;Deutschland; time traveller\n", {
      name: "cities.csv",
    }),
    ["city;count"],
  );
});

const SCRIPTS = {
  Russian: ["Всё смешалось в доме Облонских.", "Всё смешал"],
  Chinese: ["时间旅行者（这样称呼他比较方便）正在", "时间旅行者（这样称"],
  Hindi: ["समय यात्री ने कहा कि वह लौट आया", "समय यात्री "],
  emoji: ["👨‍👩‍👧‍👦 fa\u0301mily 👩🏽‍🚀🏳️‍🌈🇩🇪 and more", "👨‍👩‍👧‍👦 fa\u0301mily "],
} as const;

Deno.test("a start has whole characters, as people count them, in any script", () => {
  for (const [text, expected] of Object.values(SCRIPTS)) {
    for (const level of ["char", "byte"] as const) {
      const [start, ...others] = startsOf(text, { level });
      assertEquals(others, []);
      assert(text.startsWith(start));
      const count = (text: string) =>
        [...new Intl.Segmenter().segment(text)].length;
      assertEquals(count(start), 10);
      assertEquals(count(text.slice(start.length)), count(text) - 10);
      assertEquals(start.slice(0, expected.length), expected);
    }
  }
});

Deno.test("a start has whole words", () => {
  const text = "one two  three\nfour five six seven eight nine ten eleven";
  assertEquals(
    startsOf(text, { level: "word" }),
    ["one two three four five six seven eight nine ten"],
  );
  assertEquals(startsOf("so it goes", { level: "word" }), ["so it goes"]);
});

Deno.test("bytes that are no UTF-8 are passed over", () => {
  // "né à la carte: café" in Latin-1
  const latin1 = Uint8Array.from(
    "né à la carte: café",
    (c) => c.charCodeAt(0),
  );
  assertEquals(startsOf(latin1, { level: "byte" }), ["la carte: "]);
  // A text that begins, or is cut, inside a character.
  const bytes = new TextEncoder().encode("éàü");
  assertEquals(startsOf(bytes.slice(1, -1), { level: "byte" }), ["à"]);
  assertEquals(startsOf(Uint8Array.of(0xff, 0xfe), { level: "byte" }), []);
});

Deno.test("a start is where the vocabulary has all, the first or the longest", () => {
  const rare = { minFrequency: 2 };
  assertEquals(startsOf("xaabbaabbcdaabbaabbaab", rare), ["aabbaabbaa"]);
  assertEquals(startsOf("xabbayabbabaz", rare), ["abbaba"]);
  assertEquals(startsOf("abcabcX0123456789X0123456789", rare), ["abcabcX012"]);
  assertEquals(
    startsOf("this once and and and so so on on and on so", {
      ...rare,
      level: "word",
    }),
    ["and and and so so on on and on so"],
  );
  assertEquals(startsOf("\ufeff\n\n \tCHAPTER I. Home\n"), ["CHAPTER I."]);
  assertEquals(startsOf("\u0301\u200dabc"), ["abc"]);
});

Deno.test("where there is nothing to begin with there is no start", () => {
  assertEquals(startsOf("abcdef", { minFrequency: 2 }), []);
  assertEquals(startsOf("one two", { minFrequency: 2, level: "word" }), []);
  assertEquals(startsOf(" \n \n"), []);
});

Deno.test("what is trained further on another text begins as that text does", () => {
  const { vocabulary, tokenizer } = tokenize(TALE);
  const further = tokenize(SCRIPTS.Russian[0], {
    ...tokenizer,
    vocabulary,
    extend: true,
    name: "war-and-peace.txt",
  });
  assertEquals(sampleStarts(further).map(({ text }) => text), ["Всё смешал"]);
  assert(
    sampleStarts(further)[0].ids.some((id) => id >= vocabulary.tokens.length),
  );
});

Deno.test("a start is continued in whole characters, whatever the model writes", async () => {
  using backend = openReference();
  for (const [text] of Object.values(SCRIPTS)) {
    for (const level of ["char", "word", "byte"] as const) {
      const corpus: Corpus = tokenize(text, { level });
      const [{ ids, text: start }] = sampleStarts(corpus);
      const model = untrained(text, {}, { level });
      for (let maxNewTokens = 0; maxNewTokens < 8; maxNewTokens++) {
        const whole = await continued(model, ids, backend, { maxNewTokens });
        assert(whole.startsWith(start));
        if (maxNewTokens === 0) assertEquals(whole, start);
      }
    }
  }
});

Deno.test("a character that the last byte leaves unfinished is left out", async () => {
  using backend = openReference();
  const text = "🦕".repeat(9);
  const model = repeating(text);
  const [{ ids }] = sampleStarts(tokenize(text.slice(0, 2), { level: "byte" }));
  for (let maxNewTokens = 0; maxNewTokens < 12; maxNewTokens++) {
    const whole = await continued(model, ids, backend, { maxNewTokens });
    assertEquals(whole, "🦕".repeat(1 + Math.floor(maxNewTokens / 4)));
  }
});

/** A model of bytes that goes on with a text of one character over and over. */
function repeating(text: string) {
  const model = untrained(text, { hiddenSize: 4 }, { level: "byte" });
  const { parameters, config: { vocabularySize: V } } = model;
  // h' = tanh(W x): the unit of the byte; logits: the byte behind it.
  const zeros = (name: string) => parameters.get(name)!.map(() => 0);
  const input = zeros("rnn.weight_ih_l0"), output = zeros("linear.weight");
  for (let unit = 0; unit < 4; unit++) {
    input[unit * V + unit + 1] = 3;
    output[((unit + 1) % 4 + 1) * 4 + unit] = 9;
  }
  return {
    ...model,
    parameters: new Map([
      ...[...parameters.keys()].map((name) => [name, zeros(name)] as const),
      ["rnn.weight_ih_l0", input],
      ["linear.weight", output],
    ]),
  };
}
