import { assert, assertEquals } from "@std/assert";
import type { Backend } from "../../lib/backend/backend.ts";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import {
  exportWeights,
  loadingLines,
} from "../../lib/exchange/export_weights.ts";
import { importWeights } from "../../lib/exchange/import_weights.ts";
import { generateTokens } from "../../lib/generation/generate_tokens.ts";
import type { ModelConfig } from "../../lib/model/config.ts";
import { LanguageModel } from "../../lib/model/language_model.ts";
import { tokenize } from "../../lib/tokenize.ts";
import {
  decodeModel,
  encodeCheckpoint,
  type TrainedModel,
} from "../../lib/training/checkpoint.ts";
import { canRead, needs } from "../access.ts";
import exchanged from "../golden/pytorch_exchange.json" with { type: "json" };
import { TemporaryFolder } from "../tasks/command.ts";
import { run } from "../training/run.ts";
import { needsPyTorch, pytorch } from "./peer.ts";

const GOLDEN = new URL("../golden/", import.meta.url);

const needsGolden = needs("permission to read", canRead(GOLDEN));

/**
 * How far PyTorch's float32 may be from float64: a logit of H + 1 terms below 8 in
 * each of T steps and L layers is off by 2^-24 · 8 · (H + 1) · T · L at the most, which
 * here is below 6e-5; roundings have either sign, so a sixth of that.
 */
const TOLERANCE = 1e-5;

/** The logits behind each token id, `(T, V)`. */
async function logitsOf(
  { config, parameters }: TrainedModel,
  ids: readonly number[],
  backend: Backend,
): Promise<number[][]> {
  const sizes = { batchSize: 1, numSteps: ids.length };
  using model = new LanguageModel(backend, config, sizes);
  model.write(parameters);
  const inputs = backend.allocate([ids.length, 1], "u32");
  backend.write(inputs, ids);
  const logits = await backend.read(model.forward(inputs));
  const V = config.vocabularySize;
  return ids.map((_, t) => [...logits.slice(t * V, (t + 1) * V)]);
}

function assertClose(actual: number[][], expected: readonly number[][]): void {
  assertEquals(actual.length, expected.length);
  actual.forEach((row, t) => {
    assertEquals(row.length, expected[t].length);
    row.forEach((z, v) => {
      const distance = Math.abs(z - expected[t][v]);
      assert(distance < TOLERANCE, `${distance} at step ${t} of token ${v}`);
    });
  });
}

interface Exchanged {
  readonly name: string;
  readonly config: { activation?: string };
  readonly tokens: readonly string[];
  readonly ids: readonly number[];
  readonly logits: readonly (readonly number[])[];
  readonly greedy: string;
}

/** Checks that a model that PyTorch made is here what it is there. */
async function assertImports(bytes: Uint8Array, made: Exchanged) {
  const { tokens, ids } = made;
  const object = Object.fromEntries(tokens.map((token, id) => [token, id]));
  const activation = made.config.activation as "relu" | undefined;
  for (const vocabulary of [tokens, object]) {
    const imported = importWeights(bytes, { vocabulary, activation });
    const { config, vocabulary: { tokens: known } } = imported;
    const { vocabularySize, ...rest } = config;
    assertEquals(
      { activation: "tanh", ...made.config },
      { ...rest, vocabularySize: tokens.length },
    );
    assertEquals(vocabularySize, new Set([...tokens, "<unk>"]).size);
    assertEquals(known[0], "<unk>");
    // As it is kept in a run.
    const model = await decodeModel(await encodeCheckpoint(imported));
    using backend = openReference();
    const here = ids.map((id) => known.indexOf(tokens[id]));
    const logits = await logitsOf(model, here, backend);
    assertClose(
      logits.map((row) => tokens.map((token) => row[known.indexOf(token)])),
      made.logits as number[][],
    );
    if (!tokens.includes("<unk>")) {
      for (const row of logits) assert(row[0] < Math.min(...row.slice(1)) - 30);
    }
    const prefix = ids.map((id) => tokens[id]).join("");
    const options = { maxNewTokens: [...made.greedy].length };
    let text = "";
    for await (
      const [piece] of generateTokens(model, prefix, backend, options)
    ) {
      text += piece.text;
    }
    assertEquals(text, made.greedy);
  }
}

for (const made of exchanged) {
  Deno.test({
    ...needsGolden(
      `${made.name}, made by PyTorch, says here what it says there`,
    ),
    fn: async () => {
      const file = new URL(`pytorch_${made.name}.safetensors`, GOLDEN);
      await assertImports(Deno.readFileSync(file), made as Exchanged);
    },
  });
}

Deno.test({
  ...needsPyTorch("models that PyTorch makes now say here what they say there"),
  fn: async () => {
    using folder = new TemporaryFolder();
    await pytorch("make", folder.path);
    const path = `${folder.path}/pytorch_exchange.json`;
    const all: Exchanged[] = JSON.parse(Deno.readTextFileSync(path));
    assertEquals(
      all.map(({ name }) => name),
      exchanged.map(({ name }) => name),
    );
    for (const made of all) {
      const file = `${folder.path}/pytorch_${made.name}.safetensors`;
      await assertImports(Deno.readFileSync(file), made);
    }
  },
});

const CONFIGS: Partial<ModelConfig>[] = [
  { cell: "rnn" },
  { cell: "rnn", activation: "relu", numLayers: 2 },
  { cell: "gru", numLayers: 2 },
  { cell: "gru", embeddingSize: 5 },
  { cell: "lstm", numLayers: 2, embeddingSize: 5 },
  { cell: "lstm" },
];

Deno.test({
  ...needsPyTorch("a checkpoint and an export give PyTorch our logits"),
  fn: async () => {
    using folder = new TemporaryFolder();
    using backend = openReference();
    const corpus = tokenize("the time traveller came back at four, so tired");
    const ids = [...corpus.ids.slice(3, 15)];
    const plan: unknown[] = [], expected: number[][][] = [];
    for (const [i, config] of CONFIGS.entries()) {
      const { checkpoint, bytes } = await run(corpus, backend, {
        ...config,
        hiddenSize: 7,
        batchSize: 2,
        numSteps: 5,
        epochs: 3,
        optimizer: "adam",
        sigma: 0.5,
      });
      assert(checkpoint.resumeData !== undefined); // there are tensors "train.…"
      const path = `${folder.path}/model-${i}.safetensors`;
      const exported = `${folder.path}/weights-${i}.safetensors`;
      Deno.writeFileSync(path, bytes);
      Deno.writeFileSync(exported, exportWeights(checkpoint));
      const lines = loadingLines(checkpoint.config, exported);
      plan.push({
        checkpoint: path,
        config: checkpoint.config,
        exported,
        lines,
        ids,
      });
      expected.push(await logitsOf(checkpoint, ids, backend));
    }
    const path = `${folder.path}/plan.json`;
    Deno.writeTextFileSync(path, JSON.stringify(plan));
    const results = await pytorch("check", path) as number[][][][];
    assertEquals(results.length, CONFIGS.length);
    results.forEach(([checkpoint, exported], i) => {
      assertClose(checkpoint, expected[i]);
      assertClose(exported, expected[i]);
    });
  },
});
