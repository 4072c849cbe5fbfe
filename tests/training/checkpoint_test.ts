import { assert, assertEquals, assertRejects } from "@std/assert";
import type { ModelConfig } from "../../lib/model/config.ts";
import { initializeParameters } from "../../lib/model/parameters.ts";
import {
  decodeSafetensors,
  encodeSafetensors,
  type StoredTensor,
} from "../../lib/safetensors.ts";
import {
  type Checkpoint,
  CheckpointError,
  decodeCheckpoint,
  encodeCheckpoint,
  sha256,
} from "../../lib/training/checkpoint.ts";

import { withDefaults } from "../../lib/training/settings.ts";

const CONFIG: ModelConfig = {
  cell: "rnn",
  activation: "relu",
  vocabularySize: 4,
  hiddenSize: 3,
  numLayers: 2,
};

const CHECKPOINT: Checkpoint = {
  config: CONFIG,
  parameters: initializeParameters(CONFIG, { seed: 1, sigma: 1 }),
  tokenizer: { level: "char", normalize: "none" },
  vocabulary: { tokens: ["<unk>", '"', "🦕", "\ud800"], counts: [0, 9, 2, 1] },
  corpus: { name: "é \n", tokens: 12, sha256: "00", validationTokens: 7 },
  training: withDefaults({
    batchSize: 2,
    numSteps: 3,
    sampling: "random",
    resetState: false,
    learningRate: 0.1,
    clipNorm: 0,
    sigma: 1,
    seed: Number.MAX_SAFE_INTEGER,
  }),
  progress: { epochs: 3, minibatches: 1, tokens: 2 ** 40 },
  loss: 0.1 + 0.2,
  validationLoss: 0.25,
  provenance: "weena on paper",
};

/** The bytes of a changed checkpoint whose digest is that of its contents. */
async function forge(
  change: (
    tensors: Map<string, StoredTensor>,
    metadata: Map<string, string>,
  ) => void,
): Promise<Uint8Array> {
  const bytes = await encodeCheckpoint(CHECKPOINT);
  const contents = decodeSafetensors(bytes);
  const tensors = new Map(contents.tensors);
  const metadata = new Map(contents.metadata);
  change(tensors, metadata);
  if (metadata.delete("weena.sha256")) {
    const rest = encodeSafetensors({ tensors, metadata });
    metadata.set("weena.sha256", await sha256(rest));
  }
  return encodeSafetensors({ tensors, metadata });
}

/** Checks that a forged checkpoint is refused with a message that says so. */
async function assertRefused(
  change: Parameters<typeof forge>[0],
  ...includes: string[]
): Promise<void> {
  const bytes = await forge(change);
  for (const part of ["Not a usable checkpoint: ", ...includes]) {
    await assertRejects(() => decodeCheckpoint(bytes), CheckpointError, part);
  }
}

Deno.test("a checkpoint comes back to the bit", async () => {
  const parameters = new Map(CHECKPOINT.parameters);
  parameters.set("linear.bias", Float32Array.of(1e-45, -3e38, 0.1, 2 ** -149));
  for (const loss of [0.1 + 0.2, NaN, 0, 1e-300, Infinity]) {
    const checkpoint = { ...CHECKPOINT, parameters, loss };
    const decoded = await decodeCheckpoint(await encodeCheckpoint(checkpoint));
    assertEquals(decoded, checkpoint);
  }
});

Deno.test("equal checkpoints give equal bytes", async () => {
  const bytes = await encodeCheckpoint(CHECKPOINT);
  const parameters = new Map([...CHECKPOINT.parameters].reverse());
  assertEquals(await encodeCheckpoint({ ...CHECKPOINT, parameters }), bytes);
  const again = await encodeCheckpoint(await decodeCheckpoint(bytes));
  assertEquals(again, bytes);
});

Deno.test("a checkpoint holds PyTorch's names and shapes, and a second bias of zeros", async () => {
  const { tensors, metadata } = decodeSafetensors(
    await encodeCheckpoint(CHECKPOINT),
  );
  const shapes = Object.fromEntries(
    [...tensors].map(([name, { shape }]) => [name, shape.join("×")]),
  );
  assertEquals(shapes, {
    "rnn.weight_ih_l0": "3×4",
    "rnn.weight_hh_l0": "3×3",
    "rnn.bias_ih_l0": "3",
    "rnn.bias_hh_l0": "3",
    "rnn.weight_ih_l1": "3×3",
    "rnn.weight_hh_l1": "3×3",
    "rnn.bias_ih_l1": "3",
    "rnn.bias_hh_l1": "3",
    "linear.weight": "4×3",
    "linear.bias": "4",
  });
  assertEquals([...tensors.get("rnn.bias_hh_l1")!.data], [0, 0, 0]);
  assertEquals(metadata.get("format"), "pt");
});

Deno.test("a second bias that is not zero is added to the first", async () => {
  const bytes = await forge((tensors) => {
    tensors.get("rnn.bias_ih_l1")!.data.set([1, 2, 3]);
    tensors.get("rnn.bias_hh_l1")!.data.set([0.5, -2, 4]);
  });
  const { parameters } = await decodeCheckpoint(bytes);
  assertEquals([...parameters.get("rnn.bias_ih_l1")!], [1.5, 0, 7]);
  assertEquals(parameters.has("rnn.bias_hh_l1"), false);
});

Deno.test("a vocabulary of many long words is read", async () => {
  const size = 30_000;
  const word = (i: number) => `"${i}" ${"\n".repeat(20)}`;
  const tokens = Array.from({ length: size }, (_, i) => i ? word(i) : "<unk>");
  const config = { ...CONFIG, vocabularySize: size, hiddenSize: 1 };
  const checkpoint = {
    ...CHECKPOINT,
    config,
    parameters: initializeParameters(config, { seed: 0, sigma: 0 }),
    vocabulary: { tokens, counts: new Array(size).fill(1) },
  };
  const bytes = await encodeCheckpoint(checkpoint);
  const { vocabulary } = await decodeCheckpoint(bytes);
  assert(vocabulary.tokens.every((token, i) => token === tokens[i]));
});

Deno.test("every flipped bit is found, unless it changes nothing", async () => {
  const bytes = await encodeCheckpoint(CHECKPOINT);
  const whole = await decodeCheckpoint(bytes);
  let harmless = 0;
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const damaged = bytes.slice();
    damaged[bit >> 3] ^= 1 << (bit & 7);
    try {
      assertEquals(await decodeCheckpoint(damaged), whole);
      harmless++; // white space in the header, an escaped character
    } catch (error) {
      assert(error instanceof CheckpointError, `bit ${bit}: ${error}`);
    }
  }
  assert(harmless < 16, `${harmless} flipped bits were not found`);
});

Deno.test("a checkpoint that could not be read back is not written", async () => {
  const parameters = new Map(CHECKPOINT.parameters);
  parameters.set("linear.bias", parameters.get("linear.bias")!.map(() => 1e39));
  await assertRejects(
    () => encodeCheckpoint({ ...CHECKPOINT, parameters }),
    CheckpointError,
    "linear.bias holds Infinity",
  );
});

Deno.test("a checkpoint cut off or extended anywhere is refused", async () => {
  const bytes = await encodeCheckpoint(CHECKPOINT);
  for (let length = 0; length < bytes.length; length++) {
    const cut = bytes.subarray(0, length);
    await assertRejects(() => decodeCheckpoint(cut), CheckpointError);
  }
  const extended = new Uint8Array(bytes.length + 1);
  extended.set(bytes);
  await assertRejects(
    () => decodeCheckpoint(extended),
    CheckpointError,
    "1 bytes follow",
  );
});

for (const value of [NaN, Infinity, -Infinity]) {
  Deno.test(`a weight of ${value} is refused by name`, async () => {
    await assertRefused(
      (tensors) => tensors.get("linear.weight")!.data.fill(value, 11),
      `linear.weight holds ${value}`,
    );
    await assertRefused(
      (tensors) => tensors.get("rnn.bias_hh_l1")!.data.fill(value, 0, 1),
      `rnn.bias_hh_l1 holds ${value}`,
    );
  });
}

Deno.test("two biases that are finite but whose sum is not are refused", async () => {
  await assertRefused(
    (tensors) => {
      tensors.get("rnn.bias_ih_l0")!.data.fill(3e38);
      tensors.get("rnn.bias_hh_l0")!.data.fill(3e38);
    },
    "rnn.bias_ih_l0",
  );
});

Deno.test("a missing, an extra, a wrong tensor is refused by name", async () => {
  const { parameters } = CHECKPOINT;
  for (const name of [...parameters.keys(), "rnn.bias_hh_l0"]) {
    await assertRefused((all) => all.delete(name), `${name} `, "is missing");
  }
  const extra = { shape: [1], data: Float32Array.of(1) };
  await assertRefused((all) => all.set("rnn.bias_ih_l2", extra), "_ih_l2");
  const swapped = { shape: [4, 3], data: new Float32Array(12) };
  await assertRefused(
    (all) => all.set("rnn.weight_ih_l0", swapped),
    "rnn.weight_ih_l0 is (4, 3) of real numbers, expected (3, 4)",
  );
  const words = { shape: [4], data: new Uint32Array(4) };
  await assertRefused(
    (all) => all.set("linear.bias", words),
    "linear.bias is (4) of whole numbers",
  );
});

Deno.test("another version is refused, saying which is known", async () => {
  for (const version of ["1", "3", "2.5", "Infinity", "one"]) {
    await assertRefused(
      (_, metadata) => metadata.set("weena.version", version),
      `version ${Number(version)}`,
      "only version 2",
    );
  }
});

Deno.test("a foreign file is refused, saying what it has not", async () => {
  await assertRefused(
    (_, metadata) => metadata.clear(),
    '"weena.version"',
    "not written by weena",
  );
  const { metadata } = decodeSafetensors(await encodeCheckpoint(CHECKPOINT));
  for (const key of metadata.keys()) {
    if (key === "format") continue;
    await assertRefused((_, metadata) => metadata.delete(key), `"${key}"`);
  }
});

Deno.test("metadata that no model can be built from is refused", async () => {
  const cases: [key: string, value: string, message: string][] = [
    ["config", "null", '"weena.config" is not an object'],
    ["config", "7", '"weena.config" is not an object'],
    ["config", "{", "JSON"],
    ["config", JSON.stringify({ ...CONFIG, cell: "rnm" }), 'cell "rnm"'],
    ["config", JSON.stringify({ ...CONFIG, activation: "" }), "activation"],
    ["config", JSON.stringify({ ...CONFIG, hiddenSize: 2.5 }), "hidden size"],
    ["config", JSON.stringify({ ...CONFIG, hiddenSize: 4 }), "expected (4, 4)"],
    [
      "config",
      JSON.stringify({ ...CONFIG, numLayers: 1 }),
      "_l1 is not part of the model",
    ],
    [
      "config",
      JSON.stringify({ ...CONFIG, numLayers: 3 }),
      "_l2 (3, 3) is missing",
    ],
    // Would it be believed, the list of parameters would fill all memory.
    ["config", JSON.stringify({ ...CONFIG, numLayers: 1e15 }), "layers"],
    ["vocabulary", '["<unk>","a","b"]', "4 different tokens"],
    ["vocabulary", '["<unk>","a","b","a"]', "4 different tokens"],
    ["vocabulary", '["a","b","c","d"]', "4 different tokens"],
    ["vocabulary", '["<unk>","a","b",1]', "not a list of strings"],
    ["vocabulary", "{}", "not a list of strings"],
    ["counts", "[0,1,2]", "4 different tokens"],
    ["counts", '[0,1,2,"3"]', "not a list of numbers"],
    ["tokenizer", "null", '"weena.tokenizer" is not an object'],
    ["tokenizer", '{"level":"page","normalize":"none"}', "page, none"],
    ["tokenizer", '{"level":"char"}', "char, undefined"],
    ["training", "null", '"weena.training" is not an object'],
    ["training", "[]", '"weena.training" is not an object'],
    ["progress", "3", '"weena.progress" is not an object'],
    ["progress", '{"epochs":"2","minibatches":0,"tokens":0}', "epochs done"],
    ["progress", '{"epochs":2,"minibatches":-1,"tokens":0}', "of at least 0"],
    ["corpus", '{"name":7}', "its corpus' name is not a text"],
    ["config", JSON.stringify({ ...CONFIG, bidirectional: true }), "unknown"],
    ["corpus", "", "JSON"],
  ];
  for (const [key, value, message] of cases) {
    await assertRefused(
      (_, metadata) => metadata.set(`weena.${key}`, value),
      message,
    );
  }
});

Deno.test("a checkpoint whose settings training cannot have is refused by name", async () => {
  const { training } = CHECKPOINT;
  const cases: [key: string, value: unknown, message: string][] = [
    [
      "epochs",
      0,
      "the number of epochs 0: expected a whole number of at least 1",
    ],
    ["epochs", "3", 'the number of epochs "3"'],
    ["batchSize", 1.5, "the batch size 1.5: expected a whole number"],
    ["learningRate", null, "the learning rate null: expected a number above 0"],
    ["clipNorm", -1, "the clip norm -1: expected a number of at least 0"],
    [
      "dropout",
      1,
      "the dropout 1: expected a number of at least 0 and below 1",
    ],
    ["resetState", 1, "the reset of the state 1: expected true or false"],
    ["offset", "", 'the offset "": expected a whole number of at least 0'],
    ["momentum", 0.9, 'the unknown setting "momentum"'],
    ["__proto__", {}, 'the unknown setting "__proto__"'],
  ];
  for (const [key, value, message] of cases) {
    const record = JSON.stringify({ ...training, [key]: value });
    await assertRefused(
      (_, metadata) => metadata.set("weena.training", record),
      `its training has ${message}`,
    );
  }
});

Deno.test("a name that every object has is no cell, optimizer, schedule or level", async () => {
  const { training, tokenizer } = CHECKPOINT;
  const records = { config: CONFIG, training, tokenizer };
  const names = ["__proto__", "constructor", "toString", "hasOwnProperty", ""];
  for (
    const [record, key] of [
      ["config", "cell"],
      ["config", "activation"],
      ["training", "optimizer"],
      ["training", "schedule"],
      ["training", "sampling"],
      ["training", "init"],
      ["tokenizer", "level"],
      ["tokenizer", "normalize"],
    ] as const
  ) {
    for (const name of names) {
      const text = JSON.stringify({ ...records[record], [key]: name });
      await assertRefused(
        (_, metadata) => metadata.set(`weena.${record}`, text),
        name,
        "nknown",
      );
    }
  }
});

Deno.test("a setting that an earlier version did not have is its default", async () => {
  const { clipValue: _, patience: __, ...training } = CHECKPOINT.training;
  const bytes = await forge((_, metadata) =>
    metadata.set("weena.training", JSON.stringify(training))
  );
  assertEquals((await decodeCheckpoint(bytes)).training, CHECKPOINT.training);
});
