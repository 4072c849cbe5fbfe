import { assert, assertEquals } from "@std/assert";
import type { Backend, Values } from "../../lib/backend/backend.ts";
import { Decoder } from "../../lib/generation/decoder.ts";
import { generateSettings } from "../../lib/generation/options.ts";
import { CELL_NAMES } from "../../lib/model/cells.ts";
import type { ModelConfig } from "../../lib/model/config.ts";
import { LanguageModel } from "../../lib/model/language_model.ts";
import { initializeParameters } from "../../lib/model/parameters.ts";
import { tokenize } from "../../lib/tokenize.ts";
import { CPUS, REFERENCES, WEBGPU } from "../backend/devices.ts";
import { withOps } from "../backend/wrap.ts";

const { tokenizer, vocabulary } = tokenize("abcdefghij");
const V = vocabulary.tokens.length;

function modelOf(config: ModelConfig) {
  const parameters = initializeParameters(config, { seed: 1, sigma: 0.5 });
  return { config, parameters, tokenizer, vocabulary };
}

const prefixOf = (length: number) =>
  Array.from({ length }, (_, i) => 1 + i * i % (V - 1));

/** The logits behind a prefix that is read token by token. */
async function expectedLogits(
  backend: Backend,
  config: ModelConfig,
  prefix: readonly number[],
  B: number,
): Promise<Values> {
  const sizes = { batchSize: B, numSteps: 1 };
  using model = new LanguageModel(backend, config, sizes);
  model.write(modelOf(config).parameters);
  const ids = backend.allocate([1, B], "u32");
  let logits;
  for (const id of prefix) {
    backend.write(ids, new Array(B).fill(id));
    logits = model.forward(ids);
    model.carryState();
  }
  const values = await backend.read(logits!);
  backend.free(ids);
  return values;
}

for (const { name, open, ignore } of [REFERENCES[1], CPUS[0], WEBGPU]) {
  Deno.test({
    name: `${name}: a prefix is read as if token by token` +
      (ignore ? ` (ignored: ${ignore})` : ""),
    ignore: ignore !== undefined,
    fn: async () => {
      using backend = await open();
      for (const cell of CELL_NAMES) {
        for (const numLayers of [1, 2]) {
          for (const [length, B] of [[1, 1], [2, 2], [150, 1], [65, 3]]) {
            const config = {
              cell,
              vocabularySize: V,
              hiddenSize: 10,
              numLayers,
              ...(cell === "rnn" && { activation: "tanh" as const }),
            };
            let seen: Promise<Values> | undefined;
            const watching = withOps(backend, (ops) => ({
              sample: (x) => {
                seen ??= backend.read(x.logits);
                ops.sample(x);
              },
            }));
            const prefix = prefixOf(length);
            const settings = generateSettings({ count: B });
            using decoder = await Decoder.open(
              modelOf(config),
              prefix,
              watching,
              settings,
            );
            await decoder.run(0, 1);
            assertEquals(
              await seen,
              await expectedLogits(backend, config, prefix, B),
              `${cell}, ${numLayers} layers, ${length} tokens, ${B} rows`,
            );
          }
        }
      }
    },
  });
}

Deno.test("a long prefix is not queued as a whole, and has no logits", async () => {
  using reference = REFERENCES[1].open() as Backend;
  let tokens = 0, most = 0, heads = 0;
  const watching: Backend = {
    ...withOps(reference, (ops) => ({
      rnn: (x) => {
        ops.rnn(x);
        tokens += x.input.shape[0];
        most = Math.max(most, tokens);
      },
      head: (x) => {
        ops.head(x);
        heads++;
      },
    })),
    read: (tensor) => {
      tokens = 0;
      return reference.read(tensor);
    },
  };
  const config: ModelConfig = {
    cell: "rnn",
    activation: "tanh",
    vocabularySize: V,
    hiddenSize: 4,
    numLayers: 1,
  };
  using decoder = await Decoder.open(
    modelOf(config),
    prefixOf(5000),
    watching,
    generateSettings({}),
  );
  assertEquals(heads, 0);
  assert(most <= 1024, `${most} tokens were queued`);
  await decoder.run(0, 3);
  assertEquals(heads, 3);
});
