import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import type { Backend } from "../../lib/backend/backend.ts";
import { DeviceError } from "../../lib/backend/device_error.ts";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { openDevice } from "../../lib/backend/webgpu/device.ts";
import { compile } from "../../lib/backend/webgpu/pipelines.ts";
import {
  findAdapter,
  openWebGPU,
} from "../../lib/backend/webgpu/webgpu_backend.ts";
import { CELL_NAMES, CELLS } from "../../lib/model/cells.ts";
import { watched } from "../../tasks/bench/webgpu/watched.ts";
import { needsCommands } from "../access.ts";
import { normal } from "./cases.ts";
import { testBackend } from "./contract.ts";
import { WEBGPU } from "./devices.ts";
import { layerOf } from "./layer.ts";
import { onDispatch } from "./lost_devices.ts";

const found = await findAdapter();
const { ignore } = WEBGPU;

testBackend(WEBGPU.name, WEBGPU.open, ignore, {
  "a token id that is not below its bound":
    "the ids are on the GPU, and to read them would hold it up",
});

/** A test of WebGPU's own, ignored where there is no adapter. */
function test(name: string, fn: () => Promise<void>): void {
  const reason = ignore ? ` (ignored: ${ignore})` : "";
  Deno.test({
    name: `webgpu: ${name}${reason}`,
    ignore: ignore !== undefined,
    fn,
  });
}

const none = { requestAdapter: () => Promise.resolve(null) } as unknown as GPU;

Deno.test("webgpu: no adapter is an error that says what to do", async () => {
  assertEquals(await findAdapter(none), undefined);
  const { kind, message } = await assertRejects(
    () => openWebGPU({ gpu: none }),
    DeviceError,
    "requestAdapter() found no adapter",
  );
  assertEquals(kind, "unavailable");
  assertStringIncludes(message, "mesa-vulkan-drivers");
  assert(message.endsWith("or use the CPU"), message);
  assert(!message.includes("\n"));
});

Deno.test({
  ...needsCommands(
    "webgpu: a process without a driver has no adapter",
  ),
  fn: async () => {
    const module = import.meta.resolve(
      "../../lib/backend/webgpu/webgpu_backend.ts",
    );
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "eval",
        `import { findAdapter, openWebGPU } from ${JSON.stringify(module)};
         console.log(await findAdapter());
         await openWebGPU().catch((error) => console.log(error.message));`,
      ],
      env: { DENO_WEBGPU_BACKEND: "noop", NO_COLOR: "1" },
    }).output();
    const text = new TextDecoder().decode(stdout);
    assert(text.startsWith("undefined\n"), new TextDecoder().decode(stderr));
    assertStringIncludes(text, "Cannot open a WebGPU device");
  },
});

test("the adapter is described", async () => {
  using backend = await openWebGPU();
  assertEquals(backend.description, found!.description);
  assertStringIncludes(backend.description, "WebGPU");
  assertEquals(found!.software, backend.description.endsWith(", software"));
  if (!found!.software) return;
  await assertRejects(
    () => openWebGPU({ allowSoftware: false }),
    Error,
    "the only adapter is",
  );
});

test("a kernel that does not compile is named, with its line", async () => {
  const adapter = await navigator.gpu.requestAdapter();
  const { device } = await openDevice(adapter!);
  const kernel = (value: string) => ({
    path: "kernels/broken.wgsl",
    text: `struct Dims {\n  size: u32,\n}
@group(0) @binding(0) var<uniform> dims: Dims;
@compute @workgroup_size(1) fn main() { let x: u32 = ${value}; }\n`,
  });
  const part = (name: string, value: string) => ({
    path: `kernels/parts/${name}.wgsl`,
    text: `// Gives\n\nfn ${name}() -> u32 {\n  return ${value};\n}\n`,
  });
  const one = part("one", "1");
  const { label } = await compile(
    device,
    [kernel("one() + two()"), one, part("two", "2")],
  );
  assertEquals(label, "broken");
  for (
    const [files, ...messages] of [
      [
        [kernel("1.5"), one],
        "broken.wgsl, line 5: ",
        "broken.wgsl:5:",
        " 5 │",
      ],
      [
        [kernel("one() + two()"), one, part("two", "2.5")],
        "parts/two.wgsl, line 4 (a part of kernels/broken.wgsl): ",
        "parts/two.wgsl:4:",
        " 4 │",
      ],
      [
        [kernel("one() + two()"), part("one", "1.5"), part("two", "2")],
        "parts/one.wgsl, line 4 (a part of kernels/broken.wgsl): ",
        "parts/one.wgsl:4:",
        " 4 │",
      ],
    ] as const
  ) {
    const { message } = await assertRejects(
      () => compile(device, files),
      DeviceError,
      `Cannot compile kernels/${messages[0]}`,
    );
    for (const words of messages) assertStringIncludes(message, words);
  }
  device.destroy();
});

test("the number of buffers stays flat", async () => {
  let live = 0, most = 0;
  using backend = await openWebGPU({
    gpu: watched((device) => {
      const createBuffer = device.createBuffer.bind(device);
      device.createBuffer = (descriptor) => {
        const buffer = createBuffer(descriptor);
        const destroy = buffer.destroy.bind(buffer);
        most = Math.max(most, ++live);
        let gone = false;
        buffer.destroy = () => {
          if (!gone) live--;
          gone = true;
          return destroy();
        };
        return buffer;
      };
    }),
  });
  const before = live;
  for (let i = 0; i < 300; i++) {
    const source = backend.allocate([1000]);
    const destination = backend.allocate([1000 + i]);
    backend.ops.fill({ tensor: source, value: i });
    backend.ops.copy({ source, destination: destination.view(i, [1000]) });
    if (i % 100 === 0) assertEquals((await backend.read(destination))[i], i);
    backend.free(source);
    backend.free(destination);
  }
  // Those that commands use are destroyed once these are submitted.
  await backend.read(backend.allocate([1]));
  assertEquals(live, before + 1);
  assert(most <= before + 3 + 64, `${most} buffers at once`);
});

test("a freed tensor and another device's are refused", async () => {
  using backend = await openWebGPU();
  using other = await openWebGPU();
  const tensor = backend.allocate([4]);
  assertThrows(
    () => other.ops.fill({ tensor, value: 1 }),
    TypeError,
    "another",
  );
  backend.free(tensor);
  assertThrows(() => backend.read(tensor.at(1)), TypeError, "freed");
});

test("20 million elements are filled and copied", async () => {
  using backend = await openWebGPU();
  const size = 20_000_003; // more than 65,535 workgroups of 256 hold
  const source = backend.allocate([size]);
  const destination = backend.allocate([size]);
  backend.ops.fill({ tensor: source, value: 2.5 });
  backend.ops.copy({ source, destination });
  const values = await backend.read(destination);
  assertEquals(values.length, size);
  assertEquals((values as Float32Array).findIndex((x) => x !== 2.5), -1);
});

test("more commands than one submission holds run in call order", async () => {
  using backend = await openWebGPU();
  const one = backend.allocate([1]), sum = backend.allocate([1]);
  const norm = backend.allocate([]);
  backend.ops.fill({ tensor: one, value: -1 });
  for (let i = 0; i < 5000; i++) {
    backend.ops.finish({
      parameters: sum,
      gradients: one,
      norm,
      learningRate: 1,
      clipNorm: 0,
    });
  }
  assertEquals((await backend.read(sum))[0], 5000);
  // A layer of more steps than that: h_t = relu(h_{t-1} + 1).
  const T = 5000, steps = backend.allocate([T, 1, 1]);
  const tensors = {
    input: backend.allocate([T, 1, 1]),
    weight: backend.allocate([1, 1]),
    bias: backend.allocate([1]),
    initialState: backend.allocate([1, 1]),
  };
  backend.write(tensors.weight, [1]);
  backend.write(tensors.bias, [1]);
  backend.ops.rnn({ ...tensors, output: steps, activation: "relu" });
  assertEquals((await backend.read(steps))[T - 1], T);
});

test("arguments may share a buffer with the result", async () => {
  using backend = await openWebGPU();
  const all = backend.allocate([12]);
  backend.write(all, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  backend.ops.copy({ source: all.view(1, [3]), destination: all.view(8, [3]) });
  backend.ops.linear({
    input: all.view(0, [1, 2]), // [1, 2]
    weight: all.view(2, [2, 2]), // [[3, 4], [5, 6]]
    bias: all.view(6, [2]), // [7, 8]
    output: all.view(10, [1, 2]),
  });
  assertEquals(
    [...await backend.read(all)],
    [1, 2, 3, 4, 5, 6, 7, 8, 2, 3, 18, 25],
  );
});

test("results may share a buffer, which is not bound twice", async () => {
  const twice: string[] = [];
  using backend = await openWebGPU({
    gpu: watched((device) => {
      const createBindGroup = device.createBindGroup.bind(device);
      device.createBindGroup = (descriptor) => {
        const buffers = [...descriptor.entries].map(({ resource }) =>
          (resource as GPUBufferBinding).buffer
        );
        // A browser refuses it where one of the two is written.
        if (new Set(buffers).size < buffers.length) {
          twice.push(descriptor.label!);
        }
        return createBindGroup(descriptor);
      };
    }),
  });
  const moments = backend.allocate([3, 2]);
  const parameters = backend.allocate([2]), gradients = backend.allocate([2]);
  const norm = backend.allocate([]);
  backend.write(moments, [8, 8, 1, 2, 8, 8]);
  backend.write(gradients, [3, 5]);
  backend.write(norm, [1]);
  backend.ops.finish({
    rule: "adam",
    parameters,
    gradients,
    norm,
    firstMoment: moments.at(1),
    secondMoment: moments.at(0),
    learningRate: 1,
    clipNorm: 0,
    beta1: 0.5,
    beta2: 0.5,
  });
  assertEquals([...await backend.read(moments)], [8.5, 16.5, 2, 3.5, 8, 8]);
  assertEquals(twice, []);
});

test("a state that is NaN stays NaN", async () => {
  using backend = await openWebGPU();
  const sizes = { T: 1, B: 1, H: 2 };
  for (const cell of CELL_NAMES) {
    for (const activation of CELLS[cell].activations) {
      const { tensors, forward } = layerOf(
        backend.ops,
        cell,
        sizes,
        (shape) => backend.allocate(shape),
        activation,
      );
      const { input, output } = tensors;
      const numbers = new Array(CELLS[cell].gates).fill([NaN, 1]).flat();
      backend.write(input, numbers);
      forward();
      const [first, second] = await backend.read(output);
      assert(
        Number.isNaN(first) && second > 0.2,
        `${cell}, ${activation}: ${first}, ${second}`,
      );
    }
  }
});

test("a layer takes a dispatch a step in either direction", async () => {
  let count = 0;
  using backend = await openWebGPU({
    gpu: watched((device) => {
      const createCommandEncoder = device.createCommandEncoder.bind(device);
      device.createCommandEncoder = (descriptor) => {
        const encoder = createCommandEncoder(descriptor);
        const beginComputePass = encoder.beginComputePass.bind(encoder);
        encoder.beginComputePass = (descriptor) => {
          const pass = beginComputePass(descriptor);
          const dispatchWorkgroups = pass.dispatchWorkgroups.bind(pass);
          pass.dispatchWorkgroups = (...counts) => {
            count++;
            return dispatchWorkgroups(...counts);
          };
          return pass;
        };
        return encoder;
      };
    }),
  });
  const T = 35, B = 2, H = 3;
  const counted = (run: () => void) => {
    const before = count;
    run();
    return count - before;
  };
  for (const cell of CELL_NAMES) {
    const { forward, backward } = layerOf(
      backend.ops,
      cell,
      { T, B, H },
      (shape) => backend.allocate(shape),
    );
    assertEquals(counted(forward), T, cell);
    assertEquals(counted(backward), 1 + T, cell); // weightᵀ first
  }
});

test("a table of words is looked up and back", async () => {
  using backend = await openWebGPU();
  const V = 50_000, E = 3, T = 35, B = 32;
  const words = Uint32Array.from(
    { length: T * B },
    (_, i) => i % 3 === 0 ? V - 1 : (i * i * 31) % V,
  );
  const ids = backend.allocate([T, B], "u32");
  const dOutput = backend.allocate([T, B, E]);
  const dTable = backend.allocate([V, E]);
  backend.write(ids, words);
  backend.write(dOutput, new Float32Array(T * B * E).map((_, i) => i % 17));
  const expected = new Float32Array(V * E);
  for (let i = 0; i < T * B * E; i++) {
    expected[words[Math.floor(i / E)] * E + i % E] += i % 17;
  }
  for (let i = 0; i < 2; i++) {
    backend.ops.embeddingBackward({ ids, dOutput, dTable });
  }
  const values = await backend.read(dTable);
  assertEquals(expected.findIndex((sum, i) => values[i] !== sum), -1);
});

test("a word is drawn from many as the reference draws it", async () => {
  using backend = await openWebGPU();
  using reference = openReference();
  const B = 8, V = 5003;
  const draws = async ({ allocate, write, read, ops }: Backend) => {
    const tokens = allocate([B], "u32"), logProbabilities = allocate([B]);
    const logits = allocate([B, V]), uniforms = allocate([B]);
    const seen = allocate([B, V], "u32");
    write(logits, normal(B * V, 3));
    write(uniforms, Float32Array.from({ length: B }, (_, b) => b / B + 0.03));
    const all: number[] = [];
    for (
      const settings of [
        {},
        { temperature: 0.7, topK: 100 },
        { temperature: 1.3, topP: 0.95 },
        { topK: 1000, topP: 0.8, repetitionPenalty: 1.5 },
        { temperature: 5, topK: 3, topP: 0.9999 },
        { topP: 1e-50 }, // 0 in float32
      ]
    ) {
      const tensors = { logits, tokens, uniforms, seen, logProbabilities };
      ops.sample({ ...tensors, ...settings });
      all.push(...await read(tokens), ...await read(logProbabilities));
    }
    return all;
  };
  const expected = await draws(reference);
  (await draws(backend)).forEach((value, i) => {
    assert(Math.abs(value - expected[i]) <= 1e-5, `${i}: ${value}`);
  });
});

test("what lies around a tensor does not reach its products", async () => {
  using backend = await openWebGPU();
  // Zero times NaN is NaN: a term too many shows even where a factor is zero.
  const framed = (shape: readonly number[]) => {
    const size = shape.reduce((product, extent) => product * extent, 1);
    const owner = backend.allocate([size + 400]);
    backend.write(owner, new Float32Array(size + 400).fill(NaN));
    const tensor = owner.view(200, shape);
    backend.write(tensor, new Float32Array(size).fill(1));
    return tensor;
  };
  const rows = 19, I = 21, O = 35;
  const input = framed([rows, I]), weight = framed([O, I]);
  const dOutput = framed([rows, O]), dInput = framed([rows, I]);
  const dWeight = framed([O, I]), dBias = framed([O]);
  const output = framed([rows, O]);
  backend.ops.linear({ input, weight, output });
  backend.ops.linearBackward({ weight, dOutput, dInput });
  backend.ops.weightGradients({
    input: input.view(0, [1, rows, I]),
    dInput: dOutput.view(0, [1, rows, O]),
    dWeightIh: dWeight,
    dBias,
  });
  for (
    const [tensor, sum] of [
      [output, I],
      [dInput, O],
      [dWeight, rows],
      [dBias, rows],
    ] as const
  ) {
    const values = [...await backend.read(tensor)];
    assertEquals(values, new Array(values.length).fill(sum));
  }
});

test("what is submitted together is bounded, in dispatches and in work", async () => {
  let dispatches = 0;
  const submitted: number[] = [];
  using backend = await openWebGPU({
    gpu: watched((device) => {
      device.queue.submit = () => { // nothing is computed
        submitted.push(dispatches);
        dispatches = 0;
        return undefined;
      };
      onDispatch(device, () => dispatches++);
    }),
  });
  const scalar = backend.allocate([1]);
  for (let i = 0; i < 1000; i++) {
    backend.ops.fill({ tensor: scalar, value: i });
  }
  assertEquals(submitted.splice(0), [384, 384]);
  // 2³⁰ terms each.
  const input = backend.allocate([2 ** 10, 2 ** 10]);
  const weight = backend.allocate([2 ** 10, 2 ** 10]);
  const output = backend.allocate([2 ** 10, 2 ** 10]);
  for (let i = 0; i < 17; i++) backend.ops.linear({ input, weight, output });
  assertEquals(submitted.splice(0), [232 + 7, 8]);
  // 131 steps of 2²⁶ terms each, the first of them by a kernel of its own.
  const T = 131, B = 64;
  const sequence = () => backend.allocate([T, B, 2 ** 10]);
  backend.ops.rnn({
    input: sequence(),
    weight,
    bias: backend.allocate([2 ** 10]),
    initialState: backend.allocate([B, 2 ** 10]),
    output: sequence(),
    activation: "tanh",
  });
  assertEquals(submitted, [2 + 1, 128]);
});
