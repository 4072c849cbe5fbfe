import { assert, assertEquals, assertThrows } from "@std/assert";
import { parseInterface } from "../../lib/backend/webgpu/kernel_interface.ts";
import {
  filesOf,
  join,
  type KernelName,
  KERNELS,
} from "../../lib/backend/webgpu/kernels.ts";
import { dispatchesBehindBarriers } from "../../tasks/bench/webgpu/barriers.ts";
import {
  countEpoch,
  countMinibatch,
  type EpochCount,
} from "../../tasks/bench/webgpu/count.ts";
import {
  describeDispatch,
  type Dispatch,
  longestChain,
} from "../../tasks/bench/webgpu/dispatches.ts";
import {
  ENGINE_NAMES,
  type EngineName,
  ENGINES,
} from "../../tasks/bench/webgpu/engines.ts";
import { resourcesOf } from "../../tasks/bench/webgpu/kernel_resources.ts";
import { KERNEL_WORK } from "../../tasks/bench/webgpu/kernel_work.ts";
import {
  type StubBuffer,
  type StubDispatch,
  stubGPU,
} from "../../tasks/bench/webgpu/stub_gpu.ts";
import { TrainingModel } from "../../tasks/bench/training_model.ts";
import { CELL_NAMES, type CellName, CELLS } from "../../lib/model/cells.ts";

const NAMES = Object.keys(KERNELS) as KernelName[];

/** The chapter's model, of a cell. */
const chapter = (cell: CellName) => (
  { cell, hiddenSize: 512, batchSize: 32, numSteps: 35 }
);

/** What a minibatch of the chapter's model is, by engine and cell. */
const MINIBATCHES: readonly (readonly [
  engine: EngineName,
  cell: CellName,
  counts: {
    readonly dispatches: number;
    readonly pipelinesSet: number;
    readonly bindGroupsSet: number;
    readonly barriers: number;
    readonly longestChain: number;
    readonly flops: number;
    readonly bytes: number;
  },
])[] = [
  ["step", "rnn", {
    dispatches: 78,
    pipelinesSet: 11,
    bindGroupsSet: 78,
    barriers: 78,
    longestChain: 76,
    flops: 1_849_594_232,
    bytes: 110_691_884,
  }],
  ["step", "gru", {
    dispatches: 78,
    pipelinesSet: 11,
    bindGroupsSet: 78,
    barriers: 78,
    longestChain: 76,
    flops: 5_362_576_760,
    bytes: 328_156_716,
  }],
  ["step", "lstm", {
    dispatches: 79,
    pipelinesSet: 11,
    bindGroupsSet: 79,
    barriers: 79,
    longestChain: 76,
    flops: 7_115_332_984,
    bytes: 422_020_656,
  }],
  ["sequence", "rnn", {
    dispatches: 9,
    pipelinesSet: 9,
    bindGroupsSet: 9,
    barriers: 9,
    longestChain: 8,
    flops: 1_849_594_232,
    bytes: 38_270_508,
  }],
  ["sequence", "gru", {
    dispatches: 9,
    pipelinesSet: 9,
    bindGroupsSet: 9,
    barriers: 9,
    longestChain: 8,
    flops: 5_362_576_760,
    bytes: 106_432_044,
  }],
  ["sequence", "lstm", {
    dispatches: 10,
    pipelinesSet: 9,
    bindGroupsSet: 10,
    barriers: 10,
    longestChain: 8,
    flops: 7_115_332_984,
    bytes: 125_716_016,
  }],
];

for (const [engine, cell, expected] of MINIBATCHES) {
  Deno.test(`a minibatch of ${cell}, engine ${engine}, is what it was`, async () => {
    const { kernels, ...counted } = await countMinibatch(engine, chapter(cell));
    assertEquals(counted, { engine, ...chapter(cell), ...expected });
    const sum = (key: "count" | "flops" | "bytes") =>
      kernels.reduce((sum, kernel) => sum + kernel[key], 0);
    assertEquals(sum("count"), counted.dispatches);
    assertEquals(sum("flops"), counted.flops);
    assertEquals(sum("bytes"), counted.bytes);
    // Nearly all are the products: of the layer forward, backward but for the last
    // step, and for its weight's gradient; of the head.
    const H = 512, B = 32, T = 35, V = 28, G = CELLS[cell].gates;
    const products = 2 * B * G * H * H * (3 * T - 1) + 3 * 2 * T * B * H * V;
    assert(counted.flops > products && counted.flops < 1.03 * products);
  });
}

Deno.test("every engine and every cell is counted", () => {
  const counted = MINIBATCHES.map(([engine, cell]) => `${engine} ${cell}`);
  const all = ENGINE_NAMES.flatMap((engine) =>
    CELL_NAMES.map((cell) => `${engine} ${cell}`)
  );
  assertEquals(counted, all);
});

/** An epoch of the chapter's model on average, without and with a text held out. */
const EPOCHS: readonly (readonly [
  engine: EngineName,
  hasValidation: boolean,
  counts: EpochCount,
])[] = [
  ["step", false, {
    dispatches: 627.125,
    passes: 1.875,
    submits: 1.75,
    copies: 0.25,
    writes: 1.875,
    bytesWritten: 232_224,
    bindGroupsMade: 0,
    buffersMade: 0.125,
    waits: 0.125,
  }],
  ["step", true, {
    dispatches: 706.125,
    passes: 2.125,
    submits: 2,
    copies: 0.25,
    writes: 2.125,
    bytesWritten: 270_368,
    bindGroupsMade: 0,
    buffersMade: 0.125,
    waits: 0.125,
  }],
  ["sequence", false, {
    dispatches: 75.125,
    passes: 1.125,
    submits: 1,
    copies: 0.25,
    writes: 1.125,
    bytesWritten: 90_912,
    bindGroupsMade: 0,
    buffersMade: 0.125,
    waits: 0.125,
  }],
  ["sequence", true, {
    dispatches: 86.125,
    passes: 1.125,
    submits: 1,
    copies: 0.25,
    writes: 1.125,
    bytesWritten: 111_648,
    bindGroupsMade: 0,
    buffersMade: 0.125,
    waits: 0.125,
  }],
];

for (const [engine, hasValidation, expected] of EPOCHS) {
  const validation = hasValidation ? "with" : "without";
  Deno.test(`an epoch ${validation} validation, engine ${engine}, is what it was`, async () => {
    const counted = await countEpoch(engine, chapter("rnn"), hasValidation);
    assertEquals(counted, expected);
  });
}

Deno.test("what a kernel does is known of each of its bindings", () => {
  for (const [key, { flops, reads, writes }] of Object.entries(KERNEL_WORK)) {
    const name = NAMES.find((name) => name === key)!;
    const { bindings, fields, constants } = parseInterface(
      join(filesOf(name)),
    );
    const read = new Set<string>(), written = new Set<string>();
    // A step between others, the last and the first one; with all that is optional.
    for (const t of [1, 2, 0]) {
      for (const [FIRST, IN_PLACE] of [[0, 0], [1, 0], [0, 1]]) {
        const ones = Object.fromEntries(fields.map((field) => [field.name, 1]));
        const groups = { groupsX: 1, groupsZ: 1 };
        const all = { ...constants, ...ones, t, T: 3, ...groups };
        const tiles = { firstInputTile: 1, firstHeadTile: 2, tiles: 3 };
        const flags = { FIRST, IN_PLACE, ONE_HOT: IN_PLACE };
        const numbers = { ...all, ...tiles, ...flags };
        assert(flops(numbers) >= 0, name);
        Object.keys(reads(numbers)).forEach((name) => read.add(name));
        Object.keys(writes(numbers)).forEach((name) => written.add(name));
      }
    }
    assertEquals(
      [...new Set([...read, ...written])].sort(),
      bindings.map((binding) => binding.name).sort(),
      name,
    );
    assertEquals(
      [...written].sort(),
      bindings.filter((one) => one.written).map((one) => one.name).sort(),
      name,
    );
  }
});

Deno.test("a kernel of which nothing is known touches all that it binds", async () => {
  const sizes = {
    cell: "rnn",
    hiddenSize: 9,
    batchSize: 3,
    numSteps: 4,
  } as const;
  const submitted: StubDispatch[] = [];
  const { gpu } = stubGPU((dispatch) => submitted.push(dispatch));
  using backend = await ENGINES.step({ gpu });
  using model = new TrainingModel(backend, sizes);
  model.minibatch();
  model.readGradients().catch(() => {}); // submits; a stub writes no mark
  const dispatch = submitted.find(({ pipeline }) =>
    pipeline.label === "one_hot_linear"
  )!;
  const pipeline = { ...dispatch.pipeline, label: "a_kernel_of_no_entry" };
  const { flops, reads, writes } = describeDispatch({ ...dispatch, pipeline });
  assertEquals(flops, NaN);
  assertEquals(reads.length, dispatch.buffers.size);
  assertEquals(writes.length, 1);
  for (const { buffer, to } of [...reads, ...writes]) {
    assertEquals(4 * to, buffer.size);
  }
});

Deno.test("what kernels do lies within their buffers", async () => {
  const engines = ENGINE_NAMES.flatMap((engine) =>
    CELL_NAMES.map((cell) => [engine, cell] as const)
  );
  for (const [engine, cell] of engines) {
    const hiddenSize = engine === "step" ? 9 : 12;
    const sizes = { cell, hiddenSize, batchSize: 3, numSteps: 66 };
    const submitted: StubDispatch[] = [];
    const { gpu } = stubGPU((dispatch) => submitted.push(dispatch));
    using backend = await ENGINES[engine]({ gpu });
    using model = new TrainingModel(backend, sizes);
    model.minibatch();
    model.readGradients().catch(() => {}); // submits; a stub writes no mark
    assert(submitted.length > 10);
    for (const dispatch of submitted.map(describeDispatch)) {
      for (
        const { buffer, from, to } of [...dispatch.reads, ...dispatch.writes]
      ) {
        const place = `${dispatch.label}: ${from} to ${to} of ${buffer.label}`;
        assert(from >= 0 && from < to && 4 * to <= buffer.size, place);
      }
    }
  }
});

Deno.test("a workgroup of any kernel fits into every device", () => {
  for (const name of NAMES) {
    const { size: [x, y, z], memory } = resourcesOf(join(filesOf(name)));
    assert(x * y * z >= 64 && x * y * z <= 256 && z <= 64, name);
    assert(memory <= 16384, `${name} takes ${memory} bytes`);
  }
  // 256 sums of 4 × 4 numbers, and a tile with one column to spare.
  assertEquals(resourcesOf(join(filesOf("rnn"))).memory, 16384);
  assertEquals(resourcesOf(join(filesOf("transpose"))).memory, 4 * 16 * 17);
});

Deno.test("a kernel's memory and size are read as WGSL has them", () => {
  const { size, memory } = resourcesOf(
    `
const SIDE = 4u;
override ROWS: u32 = 2 * SIDE; // of a tile
alias Sum = vec3f;
struct Best {
  value: f32,
  ids: vec2u,
}
var<workgroup> flag: atomic<u32>; // 16 with what follows aligned
var<workgroup> sums: array<Sum, ROWS * (SIDE + 1)>;
var<workgroup> best: array<Best, 3>;
@compute @workgroup_size(SIDE, ROWS)
fn main() {}`,
    { ROWS: 3 },
  );
  assertEquals(size, [4, 3, 1]);
  assertEquals(memory, 16 + 16 * 15 + 48);
  const strange = "var<workgroup> a: mat3x3h;\n@compute @workgroup_size(1)";
  assertThrows(() => resourcesOf(strange), TypeError, "how large a mat3x3h is");
  const unknown = "@compute @workgroup_size(1 - N)";
  assertThrows(() => resourcesOf(unknown), TypeError, "what 1 - N is");
});

/** A buffer of a stub. */
const buffer = (label: string): StubBuffer => (
  { label, size: 64, isUniform: false, contents: new Uint8Array(), constant: 0 }
);

Deno.test("barriers stand where wgpu puts them", () => {
  const code = `
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;
@compute @workgroup_size(1) fn main() {}`;
  const [a, b, c] = ["a", "b", "c"].map(buffer);
  const dispatch = (input: StubBuffer, output: StubBuffer): StubDispatch => ({
    kind: "dispatch",
    pipeline: { label: "", code, constants: {} },
    grid: [1, 1, 1],
    buffers: new Map([[1, input], [2, output]]),
    uniform: { buffer: a, offset: 0 },
    uniformBytes: new ArrayBuffer(0),
  });
  const copy = { kind: "copy", source: b, destination: c } as const;
  const calls = [
    [dispatch(a, b), false],
    [dispatch(a, b), true], // written by both
    [dispatch(a, c), false], // a is read by both
    [dispatch(b, c), true],
    [{ ...copy, to: 0, bytes: 4 }, false],
    [dispatch(a, b), true], // b was copied from
    [{ kind: "submit" } as const, false],
    [dispatch(b, c), false],
    [dispatch(b, a), false],
    [dispatch(a, c), true],
  ] as const;
  const found = dispatchesBehindBarriers(calls.map(([call]) => call));
  assertEquals(
    calls.map(([call]) => found.has(call)),
    calls.map(([, isFound]) => isFound),
  );
});

Deno.test("a chain grows where elements meet, not where buffers do", () => {
  const [a, b] = ["a", "b"].map(buffer);
  const span = (buffer: StubBuffer, from: number, to: number) => (
    { buffer, from, to }
  );
  const dispatch = (reads: Dispatch["reads"], writes: Dispatch["writes"]) => (
    { reads, writes } as Dispatch
  );
  const chain = [
    dispatch([], [span(a, 0, 4)]),
    dispatch([span(a, 0, 2)], [span(b, 0, 2)]),
    dispatch([span(a, 4, 8)], [span(b, 2, 4)]), // waits for none
    dispatch([span(a, 2, 4)], [span(b, 4, 6)]), // for the first
    dispatch([], [span(a, 3, 5)]), // for the two that read these
  ];
  const lengths = chain.map((_, i) => longestChain(chain.slice(0, i + 1)));
  assertEquals(lengths, [1, 2, 2, 2, 3]);
  assertEquals(longestChain([]), 0);
});
