import { assert, assertEquals, assertThrows } from "@std/assert";
import { foreignFormat } from "../../lib/exchange/foreign_format.ts";
import {
  type ImportOptions,
  importWeights,
  tensorsLeftOut,
} from "../../lib/exchange/import_weights.ts";
import { CELL_NAMES, CELLS } from "../../lib/model/cells.ts";
import { encodeSafetensors, type StoredTensor } from "../../lib/safetensors.ts";
import {
  CheckpointError,
  decodeCheckpoint,
  decodeModel,
  encodeCheckpoint,
} from "../../lib/training/checkpoint.ts";

const VOCABULARY = ["a", "b", "c"]; // V = 3

/** A state_dict with H = 2, as PyTorch's modules have it. */
function stateDict(
  { cell = "rnn", layers = 1, E = 0 }: {
    readonly cell?: keyof typeof CELLS;
    readonly layers?: number;
    readonly E?: number;
  } = {},
): Map<string, StoredTensor> {
  const V = VOCABULARY.length, H = 2, rows = CELLS[cell].gates * H;
  let next = 0;
  const tensor = (...shape: number[]): StoredTensor => ({
    shape,
    data: Float32Array.from(
      { length: shape.reduce((a, b) => a * b) },
      () => ++next / 8,
    ),
  });
  const dict = new Map<string, StoredTensor>();
  if (E > 0) dict.set("embedding.weight", tensor(V, E));
  for (let k = 0; k < layers; k++) {
    dict.set(`rnn.weight_ih_l${k}`, tensor(rows, k > 0 ? H : E || V));
    dict.set(`rnn.weight_hh_l${k}`, tensor(rows, H));
    dict.set(`rnn.bias_ih_l${k}`, tensor(rows));
    dict.set(`rnn.bias_hh_l${k}`, tensor(rows));
  }
  dict.set("linear.weight", tensor(V, H));
  dict.set("linear.bias", tensor(V));
  return dict;
}

const fileOf = (tensors: ReadonlyMap<string, StoredTensor>) =>
  encodeSafetensors({ tensors, metadata: new Map() });

Deno.test("the config is told by names and shapes", () => {
  for (const cell of CELL_NAMES.filter((name) => CELLS[name].torchName)) {
    for (const layers of [1, 3]) {
      for (const E of [0, 4]) {
        const bytes = fileOf(stateDict({ cell, layers, E }));
        const model = importWeights(bytes, { vocabulary: VOCABULARY });
        assertEquals(model.config, {
          cell,
          activation: "tanh",
          vocabularySize: 4, // <unk> is added
          embeddingSize: E,
          hiddenSize: 2,
          numLayers: layers,
        });
        assertEquals(model.tokenizer, { level: "char", normalize: "none" });
      }
    }
  }
});

Deno.test("<unk> comes first, and every weight stays with its token", () => {
  const dict = stateDict();
  const row = (values: ArrayLike<number>, id: number, size: number) =>
    Array.from({ length: size }, (_, i) => values[id * size + i]);
  const column = (values: ArrayLike<number>, id: number, V: number) =>
    [0, 1].map((h) => values[h * V + id]);
  const orders: [given: string[], expected: number[]][] = [
    [["<unk>", "a", "b"], [0, 1, 2]],
    [["a", "<unk>", "b"], [1, 0, 2]],
    [["a", "b", "<unk>"], [2, 0, 1]],
    [["a", "b", "c"], [-1, 0, 1, 2]],
  ];
  for (const [given, expected] of orders) {
    const { parameters, vocabulary } = importWeights(fileOf(dict), {
      vocabulary: given,
    });
    const V = expected.length;
    assertEquals(
      vocabulary.tokens,
      expected.map((id) => id < 0 ? "<unk>" : given[id]),
    );
    assertEquals(vocabulary.counts.length, V);
    const get = (name: string) => parameters.get(name)!;
    const old = (name: string) => dict.get(name)!.data;
    expected.forEach((from, id) => {
      const weight = row(get("linear.weight"), id, 2);
      const input = column(get("rnn.weight_ih_l0"), id, V);
      const bias = get("linear.bias")[id];
      if (from < 0) {
        assertEquals([weight, input], [[0, 0], [0, 0]]);
        assertEquals(bias, Math.min(...old("linear.bias")) - 50);
        return;
      }
      assertEquals(weight, row(old("linear.weight"), from, 2));
      assertEquals(input, column(old("rnn.weight_ih_l0"), from, 3));
      assertEquals(bias, old("linear.bias")[from]);
    });
  }
  const embedded = stateDict({ E: 4 });
  const { parameters } = importWeights(fileOf(embedded), {
    vocabulary: { "<unk>": 1, b: 2, a: 0 },
  });
  const table = embedded.get("embedding.weight")!.data;
  assertEquals(
    [...parameters.get("embedding.weight")!],
    [1, 0, 2].flatMap((id) => row(table, id, 4)),
  );
});

Deno.test("what a checkpoint keeps for training is left out", () => {
  const dict = stateDict();
  const model = importWeights(fileOf(dict), { vocabulary: VOCABULARY });
  dict.set("train.step", { shape: [], data: Uint32Array.of(7) });
  dict.set("train.h", { shape: [1, 1, 2], data: new Float32Array(2) });
  assertEquals(importWeights(fileOf(dict), { vocabulary: VOCABULARY }), model);
});

/** Checks that an import is refused with a message that has all these parts. */
function assertRefused(
  change: (dict: Map<string, StoredTensor>) => void,
  options: Partial<ImportOptions>,
  ...parts: string[]
): void {
  const dict = stateDict({ cell: "gru" });
  change(dict);
  for (const part of ["Cannot import the model: ", ...parts]) {
    assertThrows(
      () => importWeights(fileOf(dict), { vocabulary: VOCABULARY, ...options }),
      RangeError,
      part,
    );
  }
}

Deno.test("all that is missing or wrong is listed", () => {
  const two = (...shape: number[]): StoredTensor => ({
    shape,
    data: new Float32Array(shape.reduce((a, b) => a * b)),
  });
  assertRefused(
    (dict) => {
      dict.delete("rnn.bias_hh_l0");
      dict.set("linear.bias", two(4));
      dict.set("rnn.weight_ih_l0_reverse", two(6, 3));
    },
    { vocabulary: ["a", "b", "b", 7 as unknown as string] },
    "rnn.bias_hh_l0 (6) is missing",
    "linear.bias is (4)",
    "rnn.weight_ih_l0_reverse is not part of the model",
    'the vocabulary holds "b" twice',
    "the vocabulary holds 7, which is not a text",
    "the vocabulary has 4 tokens, linear.weight has rows for 3",
  );
  assertRefused(
    (dict) => {
      dict.delete("linear.weight");
      dict.set("encoder.weight", dict.get("rnn.weight_hh_l0")!);
      dict.delete("rnn.weight_hh_l0");
    },
    {},
    "rnn.weight_hh_l0 is missing",
    "linear.weight is missing",
    "it holds encoder.weight, linear.bias, ",
  );
  assertRefused((dict) => dict.clear(), {}, "it holds nothing");
  assertRefused(
    (dict) => dict.set("rnn.weight_hh_l0", two(4, 2)),
    {},
    "expected 1, 3 or 4 times 2 rows",
  );
  assertRefused(
    (dict) => dict.set("linear.weight", two(6)),
    {},
    "linear.weight is (6), expected two dimensions",
  );
  assertRefused(() => {}, { activation: "relu" }, "relu is for nn.RNN");
  for (const bad of [NaN, Infinity, 1e39]) {
    const data = Float64Array.of(0, bad, 0);
    assertRefused(
      (dict) => dict.set("linear.bias", { shape: [3], data }),
      {},
      `linear.bias holds ${bad}`,
    );
  }
  assertRefused(
    (dict) => dict.set("linear.bias", { shape: [3], data: new Uint32Array(3) }),
    {},
    "linear.bias is U32, expected F32 or F64",
  );
});

Deno.test("whole numbers that are no weights are left out, and can be named", () => {
  const dict = stateDict();
  const model = importWeights(fileOf(dict), { vocabulary: VOCABULARY });
  dict.set("step", { shape: [], data: Uint32Array.of(7) });
  const bytes = withTypes(fileOf(dict), { step: "I32" });
  assertEquals(importWeights(bytes, { vocabulary: VOCABULARY }), model);
  assertEquals(tensorsLeftOut(bytes), ["step"]);
  assertEquals(tensorsLeftOut(fileOf(stateDict())), []);
});

Deno.test("what to do about a type is said once, and only where it helps", () => {
  const half: Record<string, string> = {};
  for (const name of stateDict({ layers: 3 }).keys()) half[name] = "BF16";
  const bytes = withTypes(fileOf(stateDict({ layers: 3 })), half);
  const { message } = assertThrows(
    () => importWeights(bytes, { vocabulary: VOCABULARY }),
    RangeError,
    "linear.bias is BF16, ",
  );
  assertEquals(message.split("module.float()").length, 2, message);
  assertEquals(message.split(" is BF16").length, 7, message);
  assert(message.includes("8 more have the wrong type, expected F32"), message);
  const counted = withTypes(fileOf(stateDict()), { "linear.bias": "I32" });
  const refused = assertThrows(
    () => importWeights(counted, { vocabulary: VOCABULARY }),
    RangeError,
    "linear.bias is I32, expected F32 or F64",
  );
  assert(!refused.message.includes("module.float()"), refused.message);
});

/** The file with other types in its header, which are as long there or not. */
function withTypes(
  file: Uint8Array,
  types: Readonly<Record<string, string>>,
): Uint8Array {
  const length = Number(new DataView(file.buffer).getBigUint64(0, true));
  const header = JSON.parse(
    new TextDecoder().decode(file.subarray(8, 8 + length)),
  );
  for (const [name, dtype] of Object.entries(types)) {
    header[name].dtype = dtype;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + file.length - 8 - length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(file.subarray(8 + length), 8 + text.length);
  return bytes;
}

Deno.test("a vocabulary whose ids are not those of the rows is refused", () => {
  const cases: [ImportOptions["vocabulary"], string][] = [
    [{ a: 0, b: 1, c: 3 }, "the vocabulary has no id 2"],
    [{ a: 0, b: 1, c: 1 }, 'gives the id 1 to "c" as well'],
    [{ a: 0, b: 1, c: 1.5 }, 'gives "c" the id 1.5'],
    [{ a: 0, b: 1, c: "2" as unknown as number }, 'gives "c" the id "2"'],
    [{ a: 0, b: -1, c: 2 }, 'gives "b" the id -1'],
    [["a", "b"], "has 2 tokens, linear.weight has rows for 3"],
  ];
  for (const [vocabulary, message] of cases) {
    assertRefused(() => {}, { vocabulary }, message);
  }
});

Deno.test("half precision and other formats are named, with what to do", () => {
  const header = JSON.stringify({
    "linear.weight": { dtype: "BF16", shape: [3, 2], data_offsets: [0, 12] },
  });
  const bytes = new Uint8Array(8 + header.length + 12);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(new TextEncoder().encode(header), 8);
  assertThrows(
    () => importWeights(bytes, { vocabulary: VOCABULARY }),
    RangeError,
    "linear.weight is BF16, expected F32 or F64",
  );
  const starts: [number[], string][] = [
    [[0x50, 0x4b, 3, 4, 0, 0, 8, 8, 0], "torch.load("],
    [[0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9], "torch.load("],
    [[0x80, 4, 0x95], "torch.load("],
    [[0x47, 0x47, 0x55, 0x46, 3, 0, 0, 0], "a GGUF file"],
  ];
  for (const [start, message] of starts) {
    assertThrows(
      () => importWeights(Uint8Array.from(start), { vocabulary: VOCABULARY }),
      SyntaxError,
      message,
    );
  }
  // A header of 0x0280 bytes begins as a pickle does.
  const dict = fileOf(stateDict());
  const padded = new Uint8Array(dict.length + 0x280);
  assert(dict[1] < 2);
  const length = dict[0] + 256 * dict[1];
  padded.fill(0x20).set(dict.subarray(0, 8 + length));
  padded.set([0x80, 0x02, 0, 0, 0, 0, 0, 0]);
  padded.set(dict.subarray(8 + length), 8 + 0x280);
  const whole = padded.subarray(0, 8 + 0x280 + dict.length - 8 - length);
  assertEquals(foreignFormat(whole), undefined);
  importWeights(whole, { vocabulary: VOCABULARY });
});

Deno.test("an imported model is kept and read, and holds nothing of its training", async () => {
  const model = importWeights(fileOf(stateDict({ cell: "lstm" })), {
    vocabulary: VOCABULARY,
    level: "word",
    normalize: "letters",
    provenance: "a test",
  });
  const bytes = await encodeCheckpoint(model);
  assertEquals(await decodeModel(bytes), model);
  try {
    await decodeCheckpoint(bytes);
  } catch (error) {
    assert(error instanceof CheckpointError);
    assert(error.message.includes("the model was imported"), error.message);
    return;
  }
  assert(false, "expected an error");
});
