import { assert, assertEquals, assertThrows } from "@std/assert";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { CELL_NAMES } from "../../lib/model/cells.ts";
import { extendVocabulary } from "../../lib/model/extend.ts";
import { LanguageModel } from "../../lib/model/language_model.ts";
import { initializeParameters } from "../../lib/model/parameters.ts";

const VOCABULARY = { tokens: ["<unk>", "b", "a"], counts: [0, 5, 4] };
const LARGER = {
  tokens: ["<unk>", "b", "a", "é", "c"],
  counts: [0, 1, 2, 9, 3],
};

Deno.test("old tokens keep their logits in a model of a larger vocabulary", async () => {
  using backend = openReference();
  for (const cell of CELL_NAMES) {
    for (const embeddingSize of [0, 2]) {
      const config = {
        cell,
        vocabularySize: 3,
        embeddingSize,
        hiddenSize: 4,
        numLayers: 2,
      };
      const old = {
        config,
        parameters: initializeParameters(config, { seed: 1, init: "uniform" }),
        tokenizer: { level: "char", normalize: "none" },
        vocabulary: VOCABULARY,
      } as const;
      const options = { seed: 2, init: "uniform" } as const;
      const extended = extendVocabulary(old, LARGER, options);
      assertEquals(extended.vocabulary, LARGER);
      assertEquals(extended.tokenizer, old.tokenizer);
      const logits = [];
      for (const { config, parameters } of [old, extended]) {
        using model = new LanguageModel(backend, config, {
          batchSize: 1,
          numSteps: 3,
        });
        model.write(parameters);
        const ids = backend.allocate([3, 1], "u32");
        backend.write(ids, [2, 1, 2]);
        logits.push([...await backend.read(model.forward(ids))]);
      }
      const [before, after] = logits;
      const kept = after.filter((_, i) => i % 5 < 3);
      assertEquals(kept, before, `${cell}, embedding ${embeddingSize}`);
      // The new rows are as drawn for the larger model.
      const drawn = initializeParameters(extended.config, options);
      assertEquals(
        extended.parameters.get("linear.bias")!.slice(3),
        drawn.get("linear.bias")!.slice(3),
      );
      assert(after.every((logit) => logit !== 0));
    }
  }
});

Deno.test("a vocabulary that does not begin with the old one is refused", () => {
  const config = {
    cell: "rnn",
    vocabularySize: 3,
    hiddenSize: 4,
    numLayers: 1,
  } as const;
  const model = {
    config,
    parameters: initializeParameters(config, { seed: 1 }),
    tokenizer: { level: "char", normalize: "none" },
    vocabulary: VOCABULARY,
  } as const;
  for (const tokens of [["<unk>", "a", "b", "c"], ["<unk>", "b"]]) {
    const counts = tokens.map(() => 1);
    assertThrows(
      () => extendVocabulary(model, { tokens, counts }, { seed: 1 }),
      RangeError,
      "begin with the same tokens",
    );
  }
});
