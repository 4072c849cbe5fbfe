/**
 * Each kernel of a minibatch alone, by the device's own clock.
 *
 * @module
 */

import { type Sizes, TrainingModel } from "../training_model.ts";
import { countMinibatch, type KernelCount, keyOf } from "./count.ts";
import type { EngineName } from "./engines.ts";
import type { MeasuredDevice } from "./measured_device.ts";
import { timePasses } from "./timed_passes.ts";

/** A kernel of a minibatch, and how fast it runs. */
export interface KernelTime extends KernelCount {
  /** Of all its dispatches of a minibatch, each after the other. */
  readonly microseconds: number;
  readonly gflops: number;
  /** Gigabytes a second, each byte that a dispatch touches counted once. */
  readonly gigabytes: number;
}

/** A dispatch that can be made again. */
interface Replay {
  readonly key: string;
  readonly record: (pass: GPUComputePassEncoder) => void;
}

/** The offsets of a bind group, and which of them count. */
type DynamicOffsets = [
  offsets?: Iterable<number>,
  first?: number,
  length?: number,
];

/** Most times that the dispatches of a kernel are made again in one pass. */
const MOST_REPEATS = 1000;

/**
 * Times the dispatches of each kernel of a minibatch, again and again in a pass of their
 * own. So what they share of a device with others is left out, and the time from one
 * to the next is not.
 *
 * @param seconds About how long all passes take together.
 */
export async function benchKernels(
  engine: EngineName,
  measured: MeasuredDevice,
  sizes: Sizes,
  seconds: number,
): Promise<KernelTime[]> {
  const { kernels } = await countMinibatch(engine, sizes);
  using model = new TrainingModel(measured.backend, sizes);
  const replays = await recordMinibatch(measured, model);
  const groups = kernels.map((kernel) =>
    replays.filter(({ key }) => key === keyOf(kernel))
  );
  const again = (repeats: readonly number[]) =>
    timePasses(
      measured.device,
      groups.map((group, i) => (pass: GPUComputePassEncoder) => {
        for (let n = 0; n < repeats[i]; n++) {
          for (const { record } of group) record(pass);
        }
      }),
    );
  const once = await again(groups.map(() => 1));
  const each = 1000 * seconds / groups.length; // milliseconds
  const repeats = once.map((time) =>
    Math.max(1, Math.min(MOST_REPEATS, Math.floor(each / Math.max(time, 1e-3))))
  );
  const times = await again(repeats);
  return kernels.map((kernel, i) => {
    const milliseconds = times[i] / repeats[i];
    return {
      ...kernel,
      microseconds: 1000 * milliseconds,
      gflops: kernel.flops / milliseconds / 1e6,
      gigabytes: kernel.bytes / milliseconds / 1e6,
    };
  });
}

/** The dispatches of a minibatch, whose uniforms stay as long as nothing else runs. */
async function recordMinibatch(
  { backend, device }: MeasuredDevice,
  model: TrainingModel,
): Promise<Replay[]> {
  model.minibatch();
  await model.readGradients(); // nothing is queued now
  const replays: Replay[] = [];
  const { createCommandEncoder } = device;
  device.createCommandEncoder = (descriptor) => {
    const encoder = createCommandEncoder.call(device, descriptor);
    const beginComputePass = encoder.beginComputePass.bind(encoder);
    encoder.beginComputePass = (descriptor) => {
      const pass = beginComputePass(descriptor);
      record(pass, replays);
      return pass;
    };
    return encoder;
  };
  try {
    model.minibatch();
  } finally {
    device.createCommandEncoder = createCommandEncoder;
  }
  const probe = backend.allocate([1]);
  await backend.read(probe); // submits all
  backend.free(probe);
  return replays;
}

/** Notes the dispatches of a pass. */
function record(pass: GPUComputePassEncoder, replays: Replay[]): void {
  const setPipeline = pass.setPipeline.bind(pass);
  const setBindGroup = pass.setBindGroup.bind(pass);
  const dispatchWorkgroups = pass.dispatchWorkgroups.bind(pass);
  let pipeline: GPUComputePipeline;
  let bound: [number, GPUBindGroup, number[]];
  pass.setPipeline = (one) => setPipeline(pipeline = one);
  pass.setBindGroup = (
    index: number,
    group: GPUBindGroup | null,
    ...[offsets = [], first = 0, length = [...offsets].length]: DynamicOffsets
  ) => {
    bound = [index, group!, [...offsets].slice(first, first + length)];
    setBindGroup(...bound);
  };
  pass.dispatchWorkgroups = (x, y = 1, z = 1) => {
    const [own, ofGroup] = [pipeline, bound];
    replays.push({
      key: keyOf({ label: own.label, grid: [x, y, z] }),
      record(pass) {
        pass.setPipeline(own);
        pass.setBindGroup(...ofGroup);
        pass.dispatchWorkgroups(x, y, z);
      },
    });
    dispatchWorkgroups(x, y, z);
  };
}
