import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { builds } from "../../kernels/wasm.generated.ts";
import type { Backend, Tensor } from "../../lib/backend/backend.ts";
import type { Sample } from "../../lib/backend/ops.ts";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import {
  compileKernels,
  fastestBuild,
} from "../../lib/backend/wasm/kernels.ts";
import { sizeOf } from "../../lib/backend/shapes.ts";
import { startThreads } from "../../lib/backend/wasm/threads.ts";
import { openBuild, openWasm } from "../../lib/backend/wasm/wasm_backend.ts";
import { CELL_NAMES, CELLS } from "../../lib/model/cells.ts";
import { OPTIMIZER_NAMES } from "../../lib/training/optimizer.ts";
import { randomNormal } from "../../lib/random.ts";
import { normal } from "./cases.ts";
import { testBackend } from "./contract.ts";
import { CPUS } from "./devices.ts";
import { layerOf } from "./layer.ts";

for (const { name, open } of CPUS) testBackend(name, open);
testBackend("cpu, plain SIMD", () => openBuild("plain", { threads: 2 }));

const filled = new Map<string, Float32Array>();

/**
 * A tensor of numbers that a function makes, or of zeros; the numbers are made once,
 * for what is done with them is done many times over.
 */
function tensorOf(
  backend: Backend,
  shape: readonly number[],
  key: string,
  make?: (size: number) => Float32Array,
): Tensor {
  const tensor = backend.allocate(shape);
  if (make === undefined) return tensor;
  const size = sizeOf(shape);
  const values = filled.getOrInsertComputed(`${key} ${size}`, () => make(size));
  backend.write(tensor, values);
  return tensor;
}

/** Numbers up to `deviation` that a formula gives. */
function sine(length: number, deviation: number, seed: number): Float32Array {
  return Float32Array.from(
    { length },
    (_, i) => Math.sin(seed + 0.7 * i) * deviation,
  );
}

/** A function that makes tensors of such values, each of another seed, or zeros. */
function tensorMaker(
  backend: Backend,
  made: Tensor[],
  values: (size: number, deviation: number, seed: number) => Float32Array,
) {
  return (shape: readonly number[], deviation = 0): Tensor => {
    const seed = made.length + 1;
    const one = tensorOf(
      backend,
      shape,
      `${values.name} ${seed} ${deviation}`,
      deviation === 0 ? undefined : (size) => values(size, deviation, seed),
    );
    made.push(one);
    return one;
  };
}

/** All numbers that one minibatch and its update leave behind. */
async function minibatch(
  backend: Backend,
  { T, B, H, V }: Size,
): Promise<Uint32Array[]> {
  const { ops } = backend;
  const made: Tensor[] = [];
  const tensor = tensorMaker(backend, made, normal);
  const ids = backend.allocate([T, B], "u32");
  backend.write(ids, Uint32Array.from({ length: T * B }, (_, i) => i * i % V));
  const P = H * V + H * H + H + V * H + V;
  const parameters = tensor([P], 0.3 / Math.sqrt(H)), gradients = tensor([P]);
  const parts = (all: Tensor) => {
    let offset = 0;
    const part = (...shape: number[]) => {
      const view = all.view(offset, shape);
      offset += shape.reduce((a, b) => a * b, 1);
      return view;
    };
    return [part(H, V), part(H, H), part(H), part(V, H), part(V)];
  };
  const [wx, wh, b, wq, bq] = parts(parameters);
  const [dWx, dWh, dB, dWq, dBq] = parts(gradients);
  const initialState = tensor([B, H], 0.5);
  const input = tensor([T, B, H]), output = tensor([T, B, H]);
  const dLogits = tensor([T, B, V]);
  const dOutput = tensor([T, B, H]), dInput = tensor([T, B, H]);
  const loss = tensor([]), norm = tensor([]);
  const activation = "tanh";
  ops.oneHotLinear({ ids, weight: wx, output: input });
  ops.rnn({ input, weight: wh, bias: b, initialState, output, activation });
  ops.head({
    input: output,
    weight: wq,
    bias: bq,
    targets: ids,
    loss,
    dLogits,
    dInput: dOutput,
  });
  ops.rnnBackward({ weight: wh, output, dOutput, dInput, activation });
  ops.weightGradients({
    ids,
    initialState,
    output,
    dInput,
    dLogits,
    dWeightIh: dWx,
    dWeight: dWh,
    dBias: dB,
    dHeadWeight: dWq,
    dHeadBias: dBq,
  });
  ops.finish({ parameters, gradients, norm, learningRate: 1, clipNorm: 0.1 });
  const values = await Promise.all(made.map((one) => backend.read(one)));
  for (const one of made) backend.free(one);
  backend.free(ids);
  return values.map((one) => new Uint32Array(one.buffer));
}

/** How large the tensors are that bits are compared of. */
interface Size {
  readonly T: number;
  readonly B: number;
  readonly H: number;
  readonly V: number;
}

/** Asserts that `run` leaves the same bits behind, however many threads there are. */
async function assertSameBits(
  run: (backend: Backend, size: Size) => Promise<Uint32Array[]>,
  sizes: readonly Size[],
): Promise<void> {
  for (const build of ["relaxed", "plain"] as const) {
    using one = await openBuild(build, { threads: 1 });
    const all: Uint32Array[][] = [];
    for (const size of sizes) all.push(await run(one, size));
    for (const threads of [2, 3, 5]) {
      using many = await openBuild(build, { threads });
      for (const [k, size] of sizes.entries()) {
        const expected = all[k];
        for (let repetition = 0; repetition < 3; repetition++) {
          const actual = await run(many, size);
          actual.forEach((words, i) =>
            assert(
              words.every((word, j) => word === expected[i][j]),
              `${threads} threads, ${build}, ${JSON.stringify(size)}: ` +
                `tensor ${i} differs`,
            )
          );
        }
      }
    }
  }
}

Deno.test("cpu: a minibatch has the same bits on 1, 2, 3 and 5 threads", () =>
  assertSameBits(minibatch, [
    { T: 35, B: 32, H: 128, V: 28 },
    { T: 7, B: 33, H: 131, V: 29 },
    { T: 5, B: 3, H: 512, V: 300 },
    { T: 3, B: 20, H: 600, V: 5 },
    { T: 40, B: 1, H: 257, V: 28 },
  ]));

/** What is left behind by the ops that `minibatch` is without. */
async function otherOps(
  backend: Backend,
  { T, B, H, V }: Size,
): Promise<Uint32Array[]> {
  const { ops } = backend;
  const made: Tensor[] = [];
  const tensor = tensorMaker(backend, made, sine);
  const words = (shape: number[]) => {
    const one = backend.allocate(shape, "u32");
    const length = sizeOf(shape);
    backend.write(one, Uint32Array.from({ length }, (_, i) => i * i % V));
    made.push(one);
    return one;
  };
  const ids = words([T, B]);
  const deviations: Readonly<Record<string, number>> = {
    weight: 0.5 / Math.sqrt(H),
    bias: 0.3,
    hiddenBias: 0.3,
    initialState: 0.5,
    initialCell: 0.5,
    dOutput: 1,
  };
  for (const cell of CELL_NAMES) {
    const columns = CELLS[cell].gates * H, table = tensor([V, columns], 1);
    const { tensors, forward, backward } = layerOf(
      ops,
      cell,
      { T, B, H },
      (shape, name) => tensor(shape, deviations[name]),
    );
    const { input, dInput } = tensors;
    ops.embedding({ ids, table, output: input });
    ops.dropout({
      input,
      output: input,
      rate: 0.3,
      key: [1, 2],
      counter: [3, 4, 5],
    });
    forward();
    backward();
    ops.weightGradients({
      input,
      initialState: tensors.initialState,
      output: tensors.output,
      dInput,
      dSums: tensors.dSums,
      dWeightIh: tensor([columns, columns]),
      dWeight: tensor([columns, H]),
      dBias: tensor([columns]),
      dHiddenBias: tensor([H]),
    });
    ops.embeddingBackward({
      ids,
      dOutput: dInput,
      dTable: tensor([V, columns]),
    });
  }
  const P = 20_000 + H; // several blocks
  for (const rule of OPTIMIZER_NAMES) {
    const gradients = tensor([P], 1), norm = tensor([]);
    ops.finish({
      rule,
      parameters: tensor([P], 1),
      gradients,
      norm,
      firstMoment: tensor([P], 1),
      secondMoment: tensor([P]),
      learningRate: 0.1,
      clipNorm: 1,
      clipValue: 0.01,
      weightDecay: 0.1,
      beta1: 0.9,
      beta2: 0.99,
      epsilon: 1e-8,
      correction1: 0.1,
      correction2: 0.01,
    });
  }
  const wide = 3000; // so that rows are shared
  const uniforms = tensor([B]);
  backend.write(uniforms, Array.from({ length: B }, (_, b) => b * 0.37 % 1));
  ops.sample({
    logits: tensor([B, wide], 2),
    tokens: words([B]),
    uniforms,
    temperature: 0.9,
    topK: 500,
    topP: 0.9,
    repetitionPenalty: 1.2,
    seen: words([B, wide]),
    logProbabilities: tensor([B]),
  });
  const values = await Promise.all(made.map((one) => backend.read(one)));
  for (const one of made) backend.free(one);
  return values.map((one) => new Uint32Array(one.buffer));
}

Deno.test("cpu: the other ops have the same bits on 1, 2, 3 and 5 threads", () =>
  assertSameBits(otherOps, [
    { T: 12, B: 32, H: 128, V: 28 },
    { T: 7, B: 33, H: 131, V: 700 },
    { T: 5, B: 3, H: 256, V: 300 },
    { T: 30, B: 1, H: 257, V: 28 },
  ]));

Deno.test("cpu: of 50,000 tokens the reference's is drawn", async () => {
  using backend = await openWasm({ threads: 2 });
  using reference = openReference({ precision: "float64" });
  const B = 12, V = 50_000;
  const draws = async (device: Backend, settings: Partial<Sample>) => {
    const logits = device.allocate([B, V]), uniforms = device.allocate([B]);
    const tokens = device.allocate([B], "u32");
    device.write(
      logits,
      Float32Array.from(
        randomNormal(1, { stream: "parameters" }, B * V),
        (x) => 3 * x,
      ),
    );
    device.write(uniforms, Array.from({ length: B }, (_, b) => (b + 0.3) / B));
    device.ops.sample({ logits, tokens, uniforms, ...settings });
    const values = [...await device.read(tokens)];
    for (const one of [logits, uniforms, tokens]) device.free(one);
    return values;
  };
  for (
    const settings of [
      { temperature: 1 },
      { temperature: 1e-30 },
      { topK: 40 },
      { topK: 49_999, temperature: 2 },
      { topP: 0.9 },
      { topP: 1e-6 },
      { topK: 1000, topP: 0.5, temperature: 1.5 },
    ]
  ) {
    const expected = await draws(reference, settings);
    const actual = await draws(backend, settings);
    assertEquals(actual, expected, JSON.stringify(settings));
  }
});

Deno.test("cpu: threads see a memory that grows between ops", async () => {
  using backend = await openWasm({ threads: 3 });
  const kept: Tensor[] = [];
  for (let value = 1; value <= 40; value++) {
    const source = backend.allocate([300_000]);
    const gradients = backend.allocate([300_000]);
    const norm = backend.allocate([]);
    backend.ops.fill({ tensor: source, value });
    backend.ops.copy({ source, destination: gradients });
    const still = { parameters: source, learningRate: 0, clipNorm: 0 };
    backend.ops.finish({ ...still, gradients, norm });
    const expected = Math.fround(value * Math.sqrt(300_000));
    assertEquals((await backend.read(norm))[0], expected);
    kept.push(source, gradients);
  }
});

Deno.test("cpu: what fails in a thread reaches the caller", async () => {
  using backend = await openBuild("relaxed", { threads: 2 });
  const tensor = backend.allocate([2]);
  backend.threads.kernels.failInThread();
  for (let call = 0; call < 2; call++) {
    assertThrows(
      () => backend.ops.fill({ tensor, value: 1 }),
      Error,
      "A thread of the CPU backend failed: RuntimeError: unreachable",
    );
  }
});

Deno.test("cpu: a thread that never ends its piece is given up", async () => {
  using backend = await openBuild("relaxed", { threads: 2 });
  const tensor = backend.allocate([2]);
  backend.threads.kernels.hangInThread(2);
  for (let call = 0; call < 2; call++) {
    assertThrows(
      () => backend.ops.fill({ tensor, value: 1 }),
      Error,
      "A thread of the CPU backend failed: it has not finished its work",
    );
  }
});

Deno.test("cpu: a worker that fails after its start reaches the caller", async () => {
  const { Worker } = globalThis;
  const workers: Worker[] = [];
  globalThis.Worker = class extends Worker {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      workers.push(this);
    }
  };
  try {
    using backend = await openWasm({ threads: 2 });
    const tensor = backend.allocate([2]);
    backend.ops.fill({ tensor, value: 1 });
    const message = "it was ended";
    workers[0].dispatchEvent(new ErrorEvent("error", { message }));
    assertThrows(
      () => backend.ops.fill({ tensor, value: 1 }),
      Error,
      "A thread of the CPU backend failed: it was ended",
    );
  } finally {
    globalThis.Worker = Worker;
  }
});

Deno.test("cpu: dispose ends the workers, as does a start that fails", async () => {
  const { Worker } = globalThis;
  let running = 0;
  globalThis.Worker = class extends Worker {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      running++;
    }
    override terminate() {
      super.terminate();
      running--;
    }
  };
  try {
    const backend = await openWasm({ threads: 4 });
    assertEquals(running, 3);
    backend[Symbol.dispose]();
    assertEquals(running, 0);
    const module = await compileKernels("plain", false);
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 2 });
    await assertRejects(() => startThreads(module, memory, 3), Error);
    assertEquals(running, 0);
  } finally {
    globalThis.Worker = Worker;
  }
});

Deno.test("cpu: a disposed backend refuses to work", async () => {
  const backend = await openWasm({ threads: 2 });
  const tensor = backend.allocate([2]);
  backend[Symbol.dispose]();
  backend[Symbol.dispose]();
  const message = "the backend has been disposed";
  assertThrows(() => backend.ops.fill({ tensor, value: 1 }), Error, message);
  assertThrows(() => backend.allocate([2]), Error, message);
  assertThrows(() => backend.read(tensor), Error, message);
});

Deno.test("cpu: memory that was given back is taken again", async () => {
  using backend = await openBuild("relaxed", { threads: 1 });
  const { memory } = backend.heap;
  const size = { T: 9, B: 8, H: 64, V: 28 };
  await minibatch(backend, size);
  const bytes = memory.buffer.byteLength;
  for (let i = 0; i < 200; i++) {
    const tensors = [3000, 70, 1, 5000].map((n) => backend.allocate([n]));
    for (const k of [1, 3, 0, 2]) backend.free(tensors[k]);
    if (i % 20 === 0) await minibatch(backend, size);
  }
  assertEquals(memory.buffer.byteLength, bytes);
});

Deno.test("cpu: only what was allocated, and only once, is freed", async () => {
  using backend = await openWasm({ threads: 1 });
  const tensor = backend.allocate([4, 4]);
  assertThrows(() => backend.free(tensor.at(1)), TypeError, "is a view");
  backend.free(tensor);
  assertThrows(() => backend.free(tensor), TypeError, "a freed f32 (4, 4)");
});

Deno.test("cpu: a model that does not fit is a RangeError", async () => {
  using backend = await openBuild("relaxed", { threads: 1 });
  const error = assertThrows(
    () => backend.allocate([2 ** 31]),
    RangeError,
    `its limit here is ${backend.heap.limit} bytes`,
  );
  assertMatch(error.message, /would need 85\d{8} bytes/);
  assertEquals((await backend.read(backend.allocate([1])))[0], 0);
});

Deno.test("cpu: an id that is not below V is a RangeError", async () => {
  using backend = await openWasm({ threads: 1 });
  const ids = backend.allocate([2, 2], "u32");
  const weight = backend.allocate([3, 5]), output = backend.allocate([2, 2, 3]);
  const table = backend.allocate([5, 3]);
  backend.write(ids, [0, 4, 5, 1]);
  for (
    const call of [
      () => backend.ops.oneHotLinear({ ids, weight, output }),
      () =>
        backend.ops.weightGradients({
          ids,
          dInput: output,
          dWeightIh: weight,
        }),
      () => backend.ops.embedding({ ids, table, output }),
      () =>
        backend.ops.embeddingBackward({ ids, dOutput: output, dTable: table }),
    ]
  ) assertThrows(call, RangeError, "ids has 5, expected ids below 5");
});

Deno.test("cpu: the number of threads is a whole number from 1", async () => {
  for (const threads of [0, -1, 1.5, NaN, 257]) {
    await assertRejects(
      async () => void await openWasm({ threads }),
      RangeError,
      "expected a whole number from 1",
    );
  }
  using backend = await openWasm({ threads: 2 });
  assertEquals(backend.name, "cpu");
  assertMatch(backend.description, /^CPU \(WASM SIMD.*, 2 threads\)$/);
  using standard = await openWasm();
  assertMatch(
    standard.description,
    new RegExp(` ${navigator.hardwareConcurrency} threads?\\)$`),
  );
});

Deno.test("cpu: the build that this engine takes is found", async () => {
  const bytes = Uint8Array.from(
    atob(builds.relaxed.base64),
    (byte) => byte.charCodeAt(0),
  );
  const relaxed = WebAssembly.validate(bytes);
  assertEquals(fastestBuild(), relaxed ? "relaxed" : "plain");
  for (const shared of [true, false]) await compileKernels("plain", shared);
});
