/**
 * The time from one dispatch to the next that depends on it: what a recurrent layer
 * pays for each time step, however small.
 *
 * @module
 */

import { median, ROUNDS } from "../measure.ts";
import { cpuTime } from "./cpu_time.ts";
import { type RecordPass, timePasses } from "./timed_passes.ts";

/** A chain of dispatches of which each needs what the one before has written. */
export interface ChainResult {
  /** How many dispatches it has. */
  readonly length: number;
  readonly workgroups: number;
  /** Whether the bind group is set before each dispatch, with its own offset. */
  readonly bindsEach: boolean;
  /** From one dispatch to the next on the device, in microseconds. */
  readonly microseconds: number;
  /** CPU time to record and finish one dispatch, in microseconds. */
  readonly encodeMicroseconds: number;
}

/** Dispatches of a chain, and those for each second that there is. */
const LENGTH = 1000, PER_SECOND = 10_000;

const SIZE = 256;

/** The distance of two uniforms that every device allows, in bytes. */
const SLOT = 256;

const KERNEL = `
struct Dims {
  increment: f32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read_write> values: array<f32>;

@compute @workgroup_size(${SIZE})
fn main(@builtin(global_invocation_id) id: vec3u) {
  values[id.x] += dims.increment;
}
`;

// GPUBufferUsage and GPUMapMode, GPUShaderStage.
const MAP_READ = 0x1, COPY_SRC = 0x4, COPY_DST = 0x8, UNIFORM = 0x40;
const STORAGE = 0x80, MODE_READ = 0x1, COMPUTE = 4;

/**
 * Times chains of 1 and of 128 workgroups of 256 invocations, with the bind group set
 * once and set each time. All dispatches are checked to have run one after the other.
 *
 * @param seconds Below a tenth of a second the chains are shorter than 1000 dispatches.
 */
export async function benchChains(
  device: GPUDevice,
  seconds: number,
): Promise<ChainResult[]> {
  const length = Math.ceil(Math.min(LENGTH, PER_SECOND * seconds));
  const layout = device.createBindGroupLayout({
    entries: [{
      binding: 0,
      visibility: COMPUTE,
      buffer: { type: "uniform", hasDynamicOffset: true, minBindingSize: 4 },
    }, { binding: 1, visibility: COMPUTE, buffer: { type: "storage" } }],
  });
  const pipeline = device.createComputePipeline({
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module: device.createShaderModule({ code: KERNEL }) },
  });
  const uniforms = device.createBuffer({
    size: SLOT * length,
    usage: UNIFORM | COPY_DST,
  });
  const increments = new Float32Array(SLOT / 4 * length).fill(1);
  device.queue.writeBuffer(uniforms, 0, increments);
  const results: ChainResult[] = [];
  for (const workgroups of [1, 128]) {
    const values = device.createBuffer({
      size: 4 * SIZE * workgroups,
      usage: STORAGE | COPY_SRC,
    });
    const group = device.createBindGroup({
      layout,
      entries: [
        { binding: 0, resource: { buffer: uniforms, size: 4 } },
        { binding: 1, resource: { buffer: values } },
      ],
    });
    for (const bindsEach of [false, true]) {
      const chain = (pass: GPUComputePassEncoder) => {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group, [0]);
        for (let i = 0; i < length; i++) {
          if (bindsEach) pass.setBindGroup(0, group, [SLOT * i]);
          pass.dispatchWorkgroups(workgroups);
        }
      };
      const times = { device: [] as number[], encode: [] as number[] };
      for (let round = 0; round <= ROUNDS; round++) { // the first is the warm-up
        const encode = cpuTime(() => encodePass(device, chain));
        const [time] = await timePasses(device, [chain]);
        if (round === 0) continue;
        times.device.push(1000 * time / length);
        times.encode.push(1000 * encode / length);
      }
      results.push({
        length,
        workgroups,
        bindsEach,
        microseconds: median(times.device),
        encodeMicroseconds: median(times.encode),
      });
    }
    await verifySum(device, values, 2 * (ROUNDS + 1) * length);
    values.destroy();
  }
  uniforms.destroy();
  return results;
}

/** Records a pass and finishes it; it never runs. */
function encodePass(device: GPUDevice, record: RecordPass): void {
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  record(pass);
  pass.end();
  encoder.finish();
}

/** Throws an Error unless every element is the number of dispatches. */
async function verifySum(
  device: GPUDevice,
  values: GPUBuffer,
  expected: number,
): Promise<void> {
  const { size } = values;
  const staging = device.createBuffer({ size, usage: MAP_READ | COPY_DST });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(values, 0, staging, 0, size);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(MODE_READ);
  const sums = new Float32Array(staging.getMappedRange().slice(0));
  staging.destroy();
  const wrong = sums.find((sum) => sum !== expected);
  if (wrong === undefined) return;
  throw new Error(
    `${expected} dependent dispatches added up to ${wrong}: a wrong result is ` +
      "not worth timing",
  );
}
