import { assert, assertEquals } from "@std/assert";
import type { Checkpoint } from "../../lib/training/checkpoint.ts";
import { withDefaults } from "../../lib/training/settings.ts";
import { baseFlags } from "../../tasks/cli/base_flags.ts";
import {
  batchSizeFor,
  presetFlags,
  PRESETS,
  withPreset,
} from "../../tasks/cli/presets.ts";
import {
  assertUseful,
  type Settings,
  trainOptions,
} from "../../tasks/cli/training_flags.ts";
import { untrained } from "../generation/model.ts";

Deno.test("a preset's line leaves out what was given otherwise", () => {
  const given = { "hidden-size": 64, "learning-rate": 0.5, epochs: 2 };
  const flags = withPreset("deep-lstm", given);
  assertEquals(
    presetFlags("deep-lstm", flags),
    "--cell lstm --num-layers 2 --init uniform",
  );
  const all = { cell: "gru", "hidden-size": 8 } as const;
  assertEquals(
    presetFlags("lstm", withPreset("lstm", all)),
    "every flag of it is overridden",
  );
  assertEquals(
    presetFlags("chapter", withPreset("chapter", all)),
    "the defaults",
  );
});

Deno.test("own-text has steps enough for a small text, and keeps what was given", () => {
  const sizes = [1000, 18_000, 27_000, 45_000, 90_000, 110_000, 1e6, 1e7];
  assertEquals(sizes.map(batchSizeFor), [4, 4, 8, 8, 16, 32, 32, 32]);
  const small = withPreset("own-text", {} as Settings, 27_000);
  assertEquals(small["batch-size"], 8);
  const line = presetFlags("own-text", small, 27_000);
  assert(line.includes("--batch-size 8 "), line);
  const given = withPreset("own-text", { "batch-size": 16 }, 27_000);
  assertEquals(given["batch-size"], 16);
  const without = presetFlags("own-text", given, 27_000);
  assert(!without.includes("--batch-size"), without);
  // Before the text is known, and of the other presets, nothing changes.
  assertEquals(withPreset("own-text", {} as Settings)["batch-size"], 32);
  assertEquals(
    withPreset("lstm", {} as Settings, 100),
    PRESETS.lstm as Partial<Settings> as Settings,
  );
});

/** A checkpoint that was trained with these settings. */
function trainedWith(
  given: Partial<Settings>,
  { numLayers = 1, validationTokens = 0 } = {},
): Checkpoint {
  return {
    ...untrained("to and fro", { cell: "lstm", numLayers }),
    corpus: { name: "x", tokens: 900, sha256: "", validationTokens },
    training: withDefaults(trainOptions(given as Settings)),
    progress: { epochs: 1, minibatches: 0, tokens: 900 },
    loss: 1,
    validationLoss: NaN,
    provenance: "a test",
  };
}

Deno.test("a model is trained further as it was trained", () => {
  const model = trainedWith(
    { ...PRESETS["own-text"], warmup: 3 },
    { numLayers: 2, validationTokens: 100 },
  );
  const flags = baseFlags(model, {});
  // Less what the model says itself, and what is the default: 32 rows.
  assertEquals(flags, {
    ...{ dropout: 0.2, init: "uniform", optimizer: "adam" } as const,
    ...{ "learning-rate": 0.003, schedule: "cosine", "num-steps": 64 } as const,
    ...{ epochs: 30, validation: 0.1, patience: 3, warmup: 3 },
  });
  assertEquals(baseFlags(model, { epochs: 10, patience: 1 }).warmup, 1);
  assertEquals("epochs" in baseFlags(model, { epochs: 10 }), false);
  // Together with what is given no flag is useless.
  const all = { ...flags, cell: "lstm", "num-layers": 2 } as Settings;
  assertUseful(all);
  assertEquals(baseFlags(untrainedImport(), {}), {});
});

function untrainedImport() {
  return { ...untrained("to and fro"), provenance: "a test" };
}

Deno.test("what a given flag makes meaningless is not taken from the model", () => {
  const model = trainedWith({
    ...{
      optimizer: "adam",
      "learning-rate": 0.003,
      "weight-decay": 0.1,
    } as const,
    ...{ schedule: "step", "step-size": 20, gamma: 0.5, sigma: 0.1 } as const,
    epochs: 60,
  });
  const own = baseFlags(model, {});
  assertEquals(own["learning-rate"], 0.003);
  assertEquals(own["step-size"], 20);
  assertEquals(own.sigma, 0.1);
  const reset = trainedWith({ "reset-state": true });
  assertEquals(baseFlags(reset, { "reset-state": false }), {
    "reset-state": true,
  });
  const other = baseFlags(model, {
    ...{ optimizer: "sgd", schedule: "cosine", init: "uniform" } as const,
  });
  assertEquals(other, { epochs: 60 });
  assertEquals(baseFlags(model, { epochs: 6 })["step-size"], 2);
});
