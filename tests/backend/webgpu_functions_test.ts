import { assert, assertEquals } from "@std/assert";
import { Commands } from "../../lib/backend/webgpu/commands.ts";
import { openDevice } from "../../lib/backend/webgpu/device.ts";
import { PARTS, SOURCES } from "../../lib/backend/webgpu/kernels.ts";
import { Memory } from "../../lib/backend/webgpu/memory.ts";
import { compile } from "../../lib/backend/webgpu/pipelines.ts";
import { StoredTensor } from "../../lib/backend/stored_tensor.ts";
import { WEBGPU } from "./devices.ts";

const { ignore } = WEBGPU;

/** Evenly spaced from `low` to `high`, both inclusive. */
function even(low: number, high: number, count: number): Float32Array {
  const step = (high - low) / (count - 1);
  return Float32Array.from({ length: count }, (_, i) => low + i * step);
}

/** Float32 numbers from `low` to `high`, both above 0: each `step`-th there is. */
function patterns(low: number, high: number, step: number): Float32Array {
  const [first, last] = new Uint32Array(Float32Array.of(low, high).buffer);
  const length = Math.floor((last - first) / step) + 1;
  const bits = Uint32Array.from({ length }, (_, i) => first + i * step);
  return new Float32Array(bits.buffer);
}

/** One unit in the last place of the float32 number nearest to `x`. */
function ulp(x: number): number {
  const exponent = Math.floor(Math.log2(Math.abs(x)));
  return 2 ** (Math.max(exponent, -126) - 23);
}

/** What a function of a file of WGSL makes of each value, on the device. */
async function apply(
  source: string,
  name: string,
  values: Float32Array,
): Promise<Float32Array> {
  const text = source.match(
    new RegExp(`^fn ${name}\\(x: f32\\) -> f32 \\{[^]*?\\n\\}`, "m"),
  )![0];
  const kernel = `struct Dims {
  size: u32,
  inputAt: u32,
  outputAt: u32,
}
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;
${text}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < dims.size) {
    output[id.x] = ${name}(input[id.x]);
  }
}`;
  const adapter = await navigator.gpu.requestAdapter();
  const { device, watch } = await openDevice(adapter!);
  const pipeline = await compile(device, [{ path: name, text: kernel }]);
  const memory = new Memory(device, watch);
  const commands = new Commands(device, memory);
  const size = values.length;
  const [input, output] = ["input", "output"].map((label) =>
    new StoredTensor(memory.allocate(size, label), [size], "f32")
  );
  device.queue.writeBuffer(input.storage.buffer, 0, values.slice());
  commands.dispatch({
    pipeline,
    tensors: { input, output },
    dims: { size },
    covers: [size],
  });
  const staging = device.createBuffer({ size: 4 * size, usage: 9 }); // to be read
  commands.copy(output, staging);
  commands.submit();
  await staging.mapAsync(1);
  const results = new Float32Array(staging.getMappedRange().slice(0));
  device.destroy();
  return results;
}

const GREAT = [0, 88, 89, 104, 1e4, 1e30, Infinity];
const SIGNED = new Float32Array([
  ...even(-100, 100, 400_001),
  ...GREAT,
  ...GREAT.map((x) => -x),
]);

const FUNCTIONS = [
  {
    source: PARTS.tanh,
    name: "hyperbolicTangent",
    exact: Math.tanh,
    values: SIGNED,
    unit: () => 1,
    most: 5e-7,
  },
  {
    source: PARTS.logistic,
    name: "logistic",
    exact: (x: number) => 1 / (1 + Math.exp(-x)),
    values: SIGNED,
    unit: () => 1,
    most: 5e-7,
  },
  {
    source: SOURCES.sample_drawn,
    name: "exponential",
    exact: (x: number) => x < -87 ? 0 : Math.exp(x),
    values: new Float32Array([...even(-90, 0, 400_001), -1e30, -Infinity]),
    unit: ulp,
    most: 2,
  },
  {
    source: SOURCES.sample_drawn,
    name: "logarithm",
    exact: Math.log,
    values: patterns(1 + 2 ** -23, 1e6, 401),
    unit: ulp,
    most: 8, // there is a division in it, which may be 2.5 off
  },
] as const;

for (const { source, name, exact, values, unit, most } of FUNCTIONS) {
  Deno.test({
    name: `webgpu: ${name} is as near as it says` +
      (ignore ? ` (ignored: ${ignore})` : ""),
    ignore: ignore !== undefined,
    fn: async () => {
      const results = await apply(source, name, values);
      let worst = 0, where = 0;
      values.forEach((x, i) => {
        const expected = exact(x);
        if (Math.fround(expected) === results[i]) return;
        const error = Math.abs(results[i] - expected) / unit(expected);
        if (error <= worst) return; // a NaN is the worst
        worst = error;
        where = x;
      });
      assert(worst <= most, `${name}(${where}) is ${worst} off`);
      if (name === "exponential" || name === "logarithm") return;
      const [nan] = await apply(source, name, Float32Array.of(NaN));
      assertEquals(nan, NaN);
    },
  });
}
