import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { builds } from "../../kernels/wasm.generated.ts";
import type { Backend, Tensor } from "../../lib/backend/backend.ts";
import {
  compileKernels,
  fastestBuild,
} from "../../lib/backend/wasm/kernels.ts";
import { startThreads } from "../../lib/backend/wasm/threads.ts";
import { openBuild, openWasm } from "../../lib/backend/wasm/wasm_backend.ts";
import { randomNormal } from "../../lib/random.ts";
import { testBackend } from "./contract.ts";
import { CPUS } from "./devices.ts";

for (const { name, open } of CPUS) testBackend(name, open);
testBackend("cpu, plain SIMD", () => openBuild("plain", { threads: 2 }));

/** All numbers that one minibatch and its update leave behind. */
async function minibatch(
  backend: Backend,
  { T, B, H, V }: { T: number; B: number; H: number; V: number },
): Promise<Uint8Array[]> {
  const { ops } = backend;
  const made: Tensor[] = [];
  const tensor = (shape: number[], deviation = 0) => {
    const one = backend.allocate(shape);
    const size = shape.reduce((a, b) => a * b, 1);
    const seed = made.push(one);
    const draws = randomNormal(seed, { stream: "parameters" }, size);
    backend.write(one, draws.map((x) => x * deviation));
    return one;
  };
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
  const logits = tensor([T, B, V]), dLogits = tensor([T, B, V]);
  const dOutput = tensor([T, B, H]), dInput = tensor([T, B, H]);
  const loss = tensor([]), norm = tensor([]);
  const activation = "tanh";
  ops.embedding({ ids, weight: wx, output: input });
  ops.rnn({ input, weight: wh, bias: b, initialState, output, activation });
  ops.linear({ input: output, weight: wq, bias: bq, output: logits });
  ops.softmaxCrossEntropy({ logits, targets: ids, loss, dLogits });
  ops.linearBackward({
    input: output,
    weight: wq,
    dOutput: dLogits,
    dInput: dOutput,
    dWeight: dWq,
    dBias: dBq,
  });
  ops.rnnBackward({
    weight: wh,
    initialState,
    output,
    dOutput,
    dInput,
    dWeight: dWh,
    dBias: dB,
    activation,
  });
  ops.embeddingBackward({ ids, dOutput: dInput, dWeight: dWx });
  ops.globalNorm({ gradients, norm });
  ops.update({ parameters, gradients, norm, learningRate: 1, clipNorm: 0.1 });
  const values = await Promise.all(made.map((one) => backend.read(one)));
  for (const one of made) backend.free(one);
  backend.free(ids);
  return values.map((one) => new Uint8Array(one.buffer));
}

Deno.test("cpu: a minibatch has the same bits on 1, 2, 3 and 5 threads", async () => {
  const sizes = [
    { T: 35, B: 32, H: 128, V: 28 },
    { T: 7, B: 33, H: 131, V: 29 },
    { T: 5, B: 3, H: 512, V: 300 },
    { T: 3, B: 20, H: 600, V: 5 },
    { T: 40, B: 1, H: 257, V: 28 },
  ];
  for (const build of ["relaxed", "plain"] as const) {
    using one = await openBuild(build, { threads: 1 });
    for (const threads of [2, 3, 5]) {
      using many = await openBuild(build, { threads });
      for (const size of sizes) {
        const expected = await minibatch(one, size);
        for (let repetition = 0; repetition < 3; repetition++) {
          const actual = await minibatch(many, size);
          actual.forEach((bytes, i) =>
            assert(
              bytes.every((byte, j) => byte === expected[i][j]),
              `${threads} threads, ${build}, ${JSON.stringify(size)}: ` +
                `tensor ${i} differs`,
            )
          );
        }
      }
    }
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
    backend.ops.globalNorm({ gradients, norm });
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
  const message = "The CPU backend is disposed of";
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
  assertThrows(() => backend.free(tensor.at(1)), RangeError, "only a view");
  backend.free(tensor);
  assertThrows(() => backend.free(tensor), RangeError, "not allocated");
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
  backend.write(ids, [0, 4, 5, 1]);
  for (
    const call of [
      () => backend.ops.embedding({ ids, weight, output }),
      () =>
        backend.ops.embeddingBackward({
          ids,
          dOutput: output,
          dWeight: weight,
        }),
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
