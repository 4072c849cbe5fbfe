/**
 * What WebGPU does, counted and measured, part by part.
 *
 * @module
 */

import type { SwitchFlag } from "../../cli/command.ts";
import { EXIT, TaskError } from "../../cli/exit.ts";
import { clearStatus, status } from "../../cli/terminal.ts";
import { benchTraining, type TrainingResult } from "../training.ts";
import type { Sizes } from "../training_model.ts";
import {
  countEpoch,
  countMinibatch,
  type EpochCount,
  type MinibatchCount,
} from "./count.ts";
import { benchChains, type ChainResult } from "./dependent_dispatches.ts";
import { benchEncode, type EncodeResult } from "./encode.ts";
import type { EngineName } from "./engines.ts";
import { benchKernels, type KernelTime } from "./kernels.ts";
import {
  hasTimestamps,
  type MeasuredDevice,
  openMeasuredDevice,
} from "./measured_device.ts";
import { benchPyTorch, type PyTorchResult } from "./pytorch.ts";
import { benchReadback, type ReadbackResult } from "./readback.ts";

/** The switches of the parts. */
export const WEBGPU_FLAGS = {
  count: {
    kind: "switch",
    help:
      "with --device webgpu: count what a minibatch and an epoch ask of a " +
      "GPU: dispatches, bytes, submits, waits; works without a GPU",
  },
  encode: {
    kind: "switch",
    help: "with --device webgpu: the CPU time to hand a minibatch to the GPU",
  },
  readback: {
    kind: "switch",
    help:
      "with --device webgpu: the time to read results back, and epochs per " +
      "second with and without a validation text",
  },
  kernels: {
    kind: "switch",
    help: "with --device webgpu: the GPU time of each kernel on its own",
  },
  all: {
    kind: "switch",
    help: "with --device webgpu: all four, the time from one dispatch to the " +
      "next, and training at all sizes, beside PyTorch where python3 has it " +
      "with CUDA; takes about two minutes on a GPU",
  },
} as const satisfies Record<string, SwitchFlag>;

/** What can be asked for. */
export type WebGPUPart = keyof typeof WEBGPU_FLAGS;

/** The parts' names. */
export const WEBGPU_PARTS = Object.keys(WEBGPU_FLAGS) as WebGPUPart[];

/** What to measure. */
export interface WebGPURequest {
  readonly engine: EngineName;
  readonly parts: ReadonlySet<WebGPUPart>;
  /** What all but the grid is measured at. */
  readonly sizes: Sizes;
  /** Sizes to train at, with `all`. */
  readonly grid: readonly Sizes[];
  /** For each measurement, about. */
  readonly seconds: number;
}

/** What was measured: only what was asked for. */
export interface WebGPUResult {
  /** The device, where one was needed. */
  readonly device?: string;
  readonly count?: CountResult;
  /** Missing where the device has no clock, as are the kernels. */
  readonly chains?: readonly ChainResult[];
  readonly encode?: EncodeResult;
  readonly readback?: ReadbackResult;
  readonly kernels?: readonly KernelTime[];
  readonly training?: readonly TrainingResult[];
  readonly pytorch?: PyTorchResult;
}

/** What was counted. */
export interface CountResult {
  readonly minibatch: MinibatchCount;
  readonly epoch: EpochCount;
  /** An epoch after which a text held out is read. */
  readonly validatedEpoch: EpochCount;
}

/**
 * Counts and measures the parts that are asked for.
 *
 * @throws {DeviceError} If a device is needed and there is none.
 * @throws {TaskError} If the kernels alone are asked for and the device has no clock.
 */
export async function benchWebGPU(
  request: WebGPURequest,
): Promise<WebGPUResult> {
  const { engine, parts, sizes } = request;
  const count = has(parts, "count") ? await countAll(engine, sizes) : undefined;
  if (parts.size === 1 && parts.has("count")) return { count };
  using measured = await openMeasuredDevice(engine);
  const times = await measure(measured, request);
  clearStatus();
  return { device: measured.backend.description, count, ...times };
}

async function measure(
  measured: MeasuredDevice,
  { engine, parts, sizes, grid, seconds }: WebGPURequest,
): Promise<WebGPUResult> {
  const { backend, device } = measured;
  const isTimed = hasTimestamps(device);
  const all = parts.has("all");
  if (!isTimed && parts.has("kernels")) {
    throw new TaskError(
      EXIT.device,
      `--kernels needs a GPU with the feature timestamp-query, which ` +
        `${backend.description} does not have`,
    );
  }
  const step = async <T>(is: boolean, what: string, run: () => Promise<T>) => {
    if (!is) return undefined;
    status(`${what} ...`);
    return await run();
  };
  return {
    chains: await step(
      all && isTimed,
      "dependent dispatches",
      () => benchChains(device, seconds),
    ),
    encode: await step(
      has(parts, "encode"),
      "encoding",
      () => benchEncode(engine, measured, sizes, seconds),
    ),
    kernels: await step(
      has(parts, "kernels") && isTimed,
      "kernels",
      () => benchKernels(engine, measured, sizes, seconds),
    ),
    readback: await step(
      has(parts, "readback"),
      "readback",
      () => benchReadback(backend, sizes, seconds),
    ),
    training: await step(all, "training", async () => {
      const results: TrainingResult[] = [];
      for (const one of grid) {
        const { hiddenSize, batchSize } = one;
        status(`training: hidden ${hiddenSize}, batch ${batchSize} ...`);
        results.push(await benchTraining(backend, one, seconds));
      }
      return results;
    }),
    pytorch: await step(all, "PyTorch", () => benchPyTorch(grid, seconds)),
  };
}

async function countAll(
  engine: EngineName,
  sizes: Sizes,
): Promise<CountResult> {
  return {
    minibatch: await countMinibatch(engine, sizes),
    epoch: await countEpoch(engine, sizes, false),
    validatedEpoch: await countEpoch(engine, sizes, true),
  };
}

function has(parts: ReadonlySet<WebGPUPart>, part: WebGPUPart): boolean {
  return parts.has(part) || parts.has("all");
}
