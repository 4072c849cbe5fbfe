import { assert, assertEquals, assertRejects } from "@std/assert";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import type { ModelConfig } from "../../lib/model/config.ts";
import { LanguageModel } from "../../lib/model/language_model.ts";
import { initializeParameters } from "../../lib/model/parameters.ts";

const B = 2, H = 3, V = 5, L = 2;

const config: ModelConfig = {
  cell: "lstm",
  vocabularySize: V,
  hiddenSize: H,
  numLayers: L,
};
const parameters = initializeParameters(config, { seed: 1, sigma: 0.5 });

/** A model that may run 4 steps, and ids of 3. */
function open(dropout = 0) {
  const backend = openReference();
  const model = new LanguageModel(backend, config, {
    batchSize: B,
    numSteps: 4,
    trains: dropout > 0,
    dropout,
  });
  model.write(parameters);
  const ids = backend.allocate([3, B], "u32");
  backend.write(ids, [0, 1, 2, 3, 4, 0]);
  return { backend, model, ids };
}

Deno.test("the outputs read are those of every step of the last forward", async () => {
  const { backend, model, ids } = open();
  const logits = await backend.read(model.forward(ids)); // (3, B, V)
  model.carryState();
  const carried = (await model.readStates()).get("h")!; // (L, B, H)
  for (let layer = 0; layer < L; layer++) {
    const outputs = await model.readOutputs(layer);
    assertEquals(outputs.length, 3 * B * H);
    assertEquals(
      outputs.slice(2 * B * H),
      carried.slice(layer * B * H, (layer + 1) * B * H),
    );
  }
  // The head says the same of all steps: Z = H W + b.
  const top = await model.readOutputs(L - 1);
  const weight = parameters.get("linear.weight")!; // (V, H)
  const bias = parameters.get("linear.bias")!; // (V)
  for (let row = 0; row < 3 * B; row++) {
    for (let v = 0; v < V; v++) {
      let z = bias[v];
      for (let h = 0; h < H; h++) z += top[row * H + h] * weight[v * H + h];
      assert(Math.abs(z - logits[row * V + v]) < 1e-12);
    }
  }
});

Deno.test("outputs are read before dropout", async () => {
  const plain = open(), dropping = open(0.5);
  plain.model.forward(plain.ids);
  dropping.model.forward(dropping.ids, { seed: 0, epoch: 0, minibatch: 0 });
  assertEquals(
    await dropping.model.readOutputs(0),
    await plain.model.readOutputs(0),
  );
});

Deno.test("outputs that there are not are refused", async () => {
  const { model, ids } = open();
  await assertRejects(() => model.readOutputs(0), TypeError, "first forward");
  model.forward(ids);
  for (const layer of [-1, L, 0.5, NaN]) {
    await assertRejects(
      () => model.readOutputs(layer),
      RangeError,
      `layer ${layer}: expected a whole number from 0 to 1`,
    );
  }
});
