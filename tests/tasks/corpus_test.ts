import "./quiet.ts";
import { assertEquals, assertRejects } from "@std/assert";
import { tokenize } from "../../lib/tokenize.ts";
import { loadCorpusFor, loadExtended } from "../../tasks/cli/corpus.ts";
import { UsageError } from "../../tasks/cli/flags.ts";
import { canRunCommands, needs } from "../access.ts";
import { TemporaryFolder } from "./command.ts";

const needsFiles = needs(
  "permission to write files: deno task test",
  canRunCommands(),
);

const BASE = tokenize("bba", { level: "byte" });

Deno.test({
  ...needsFiles("a text extends the vocabulary of a model, cut as the model's"),
  fn: async () => {
    using folder = new TemporaryFolder();
    const path = `${folder.path}/text.txt`;
    Deno.writeTextFileSync(path, "aé aé xbbbbbb");
    const corpus = await loadExtended(path, BASE, { level: "byte" });
    assertEquals(corpus.tokenizer, BASE.tokenizer);
    assertEquals(corpus.vocabulary.tokens.join("|"), "<unk>|b|a|Ã|©| |x");
    const flags = { "min-frequency": 2, "max-tokens": 8, validation: 0.25 };
    const cut = await loadExtended(path, BASE, flags);
    assertEquals(cut.vocabulary.tokens.join("|"), "<unk>|b|a|Ã");
    assertEquals([cut.ids.length, cut.validation?.length], [6, 2]);
  },
});

Deno.test("a vocabulary is extended by texts cut as the model's alone", async () => {
  await assertRejects(
    () => loadExtended("sample", BASE, { level: "char" }),
    UsageError,
    "--level cannot be char: the model was trained with --level byte",
  );
  await assertRejects(
    () => loadExtended("sample", BASE, { normalize: "letters" }),
    UsageError,
    "--normalize cannot be letters",
  );
  await assertRejects(
    () => loadExtended("x.tokens.safetensors", BASE, {}),
    UsageError,
    "pass the text itself",
  );
});

Deno.test("a model's text can be cut again as it was, with the part held out", async () => {
  const letters = { level: "char", normalize: "letters" } as const;
  const { vocabulary } = tokenize("abcdefghijklmnopqrstuvwxyz ", letters);
  const kept = await loadCorpusFor("sample", {
    ...letters,
    vocabulary,
    maxTokens: 1000,
    validation: 0.1,
  });
  assertEquals([kept.ids.length, kept.validation?.length], [900, 100]);
});
