import { assert, assertEquals, assertRejects } from "@std/assert";
import sample from "../../data/sample.txt" with { type: "text" };
import { openWasm } from "../../lib/backend/wasm/wasm_backend.ts";
import { tokenize } from "../../lib/tokenize.ts";
import type { TrainOptions } from "../../lib/train.ts";
import { encodeCheckpoint } from "../../lib/training/checkpoint.ts";
import { buildModel } from "../../tasks/build_model.ts";
import { multiplyAddOf } from "../../tasks/cli/multiply_add.ts";

const CORPUS = tokenize(sample, {
  normalize: "letters",
  maxTokens: 800,
  validation: 0.2,
});

/** So large a step that the held-out text is soon predicted worse than before. */
const SETTINGS: TrainOptions = {
  cell: "gru",
  hiddenSize: 24,
  optimizer: "adam",
  learningRate: 0.05,
  batchSize: 4,
  numSteps: 16,
  epochs: 8,
};

/** A model built on so many threads, and the held-out loss of every epoch. */
async function build(threads: number, settings = SETTINGS) {
  using backend = await openWasm({ threads });
  const losses: number[] = [];
  const model = await buildModel(
    CORPUS,
    backend,
    settings,
    ({ validation }) => losses.push(validation!.loss),
  );
  const rounding = await multiplyAddOf(backend);
  return { model, losses, rounding };
}

Deno.test("a build keeps the epoch that predicts the held-out text best", async () => {
  const { model, losses, rounding } = await build(1);
  assertEquals(losses.length, 8);
  const best = losses.indexOf(Math.min(...losses)) + 1;
  assert(
    best > 1 && best < 8,
    "the best epoch is neither the first nor the last",
  );
  assertEquals(model.progress.epochs, best);
  assertEquals(model.validationLoss, losses[best - 1]);
  assertEquals(model.resumeData, undefined);
  // No device, no number of threads: the same bytes wherever it is built.
  assertEquals(model.provenance, `weena, ${rounding} multiply-add`);
});

Deno.test("builds on one and on two threads give the same bytes", async () => {
  const [one, two] = [await build(1), await build(2)];
  assertEquals(
    await encodeCheckpoint(one.model),
    await encodeCheckpoint(two.model),
  );
});

Deno.test("a build without a held-out text has nothing to choose by", async () => {
  using backend = await openWasm({ threads: 1 });
  const corpus = { ...CORPUS, validation: undefined };
  await assertRejects(
    () => buildModel(corpus, backend, { ...SETTINGS, epochs: 1 }),
    RangeError,
    "Hold out a part of the text",
  );
});
