import { assertEquals } from "@std/assert";
import { tokenize } from "../../lib/tokenize.ts";
import { corpusOptions } from "../../lib/training/corpus_options.ts";

Deno.test("the corpus of a checkpoint is made again, whatever was kept and held out", () => {
  const text = "The wheel went round, and round it went again. ".repeat(20);
  const normalize = "letters";
  for (const level of ["char", "word"] as const) {
    for (const maxTokens of [0, 40, 100, 113]) {
      for (const validation of [0, 0.1, 0.29, 1 / 3, 0.57, 0.7]) {
        const options = { level, normalize, maxTokens, validation } as const;
        const { ids, validation: held, ...corpus } = tokenize(text, options);
        const again = tokenize(
          text,
          corpusOptions({
            ...corpus,
            corpus: {
              name: corpus.name,
              sha256: "",
              tokens: ids.length,
              validationTokens: held?.length ?? 0,
            },
          }),
        );
        assertEquals([again.ids, again.validation], [ids, held]);
        assertEquals(again.tokenizer, corpus.tokenizer);
      }
    }
  }
});

Deno.test("any number of tokens can be held out again", () => {
  for (const all of [10, 49, 93, 500]) {
    const { tokenizer, vocabulary } = tokenize("ab".repeat(all));
    for (let held = 2; held <= all - 2; held++) {
      const corpus = {
        name: "ab",
        sha256: "",
        tokens: all - held,
        validationTokens: held,
      };
      const options = corpusOptions({ tokenizer, vocabulary, corpus });
      const { ids, validation } = tokenize("ab".repeat(all), options);
      assertEquals(ids.length, all - held);
      assertEquals(validation?.length ?? 0, held);
    }
  }
});
