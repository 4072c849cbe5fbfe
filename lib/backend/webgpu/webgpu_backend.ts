/**
 * The WebGPU backend: layers as dispatches of the kernels in kernels/.
 *
 * @module
 */

import type { Backend } from "../backend.ts";
import { checkedOps } from "../checked_ops.ts";
import { DeviceError } from "../device_error.ts";
import { runnerOf } from "../implementations.ts";
import { assertShape, sizeOf } from "../shapes.ts";
import { StoredTensor } from "../stored_tensor.ts";
import { Commands } from "./commands.ts";
import {
  findAdapter,
  openDevice,
  type OpenedDevice,
  platformGPU,
} from "./device.ts";
import type { Engine } from "./engine.ts";
import { Memory } from "./memory.ts";
import { createOpContext } from "./op_context.ts";
import { createOps } from "./ops.ts";
import { compileAll, type Pipelines } from "./pipelines.ts";
import { Readback } from "./readback.ts";
import type { BufferStorage, WebGPUTensor } from "./tensor.ts";

export { findAdapter, type FoundAdapter } from "./device.ts";

/** What a device is given to answer a read, in milliseconds, unless it is told. */
const PATIENCE = 60_000;

/** Settings of {@linkcode openWebGPU}. */
export interface WebGPUOptions {
  /** Default: the platform's, `navigator.gpu`. */
  readonly gpu?: GPU;
  /** Whether an adapter that computes on the CPU will do. Default: it will. */
  readonly allowSoftware?: boolean;
  /** Milliseconds that the device is given to answer a read. Default: a minute. */
  readonly patience?: number;
  /**
   * How recurrent layers go through their time steps, where their sizes allow either.
   * Default: by a fixed table of sizes, so that the same run gives the same bits.
   */
  readonly engine?: Engine;
}

/**
 * Opens the WebGPU backend on the platform's first adapter, and compiles its
 * kernels.
 *
 * Any error that the device reports is fatal: it is thrown, as a DeviceError, by the
 * next call or by the read that is waited for. So is a device that is lost, that does
 * not answer, or that reads back what it was not told to write.
 *
 * @throws {DeviceError} If there is no adapter, it does not open, or a kernel does
 * not compile.
 *
 * @example
 * ```ts
 * import { findAdapter, openWebGPU } from "./webgpu_backend.ts";
 *
 * if (await findAdapter()) {
 *   using backend = await openWebGPU();
 *   const tensor = backend.allocate([2, 3]);
 *   backend.ops.fill({ tensor, value: 0.5 });
 *   console.assert((await backend.read(tensor))[5] === 0.5);
 * }
 * ```
 */
export async function openWebGPU(
  { gpu = platformGPU(), allowSoftware = true, ...options }: WebGPUOptions = {},
): Promise<Backend> {
  const found = await findAdapter(gpu);
  if (!found || (found.software && !allowSoftware)) {
    const what = !gpu
      ? "this platform has no navigator.gpu"
      : found
      ? `the only adapter is ${found.description}`
      : "navigator.gpu.requestAdapter() found no adapter";
    throw new DeviceError(
      "unavailable",
      `Cannot open a WebGPU device: ${what}. Install a Vulkan driver ` +
        `(on Debian: mesa-vulkan-drivers), or use the CPU`,
    );
  }
  const opened = await openDevice(found.adapter);
  const { device, watch } = opened;
  try {
    const pipelines = await watch.wait(compileAll(opened));
    return createBackend(opened, found.description, pipelines, options);
  } catch (error) {
    device.destroy();
    throw error;
  }
}

/**
 * The backend of a device and its compiled kernels.
 */
export function createBackend(
  { device, watch }: OpenedDevice,
  description: string,
  pipelines: Pipelines,
  { patience = PATIENCE, engine }: Pick<WebGPUOptions, "patience" | "engine"> =
    {},
): Backend {
  const memory = new Memory(device, watch);
  const commands = new Commands(device, memory);
  const parts = { device, memory, commands, pipelines, watch, engine };
  const ops = createOps(createOpContext(parts));
  const { owner } = memory;
  const readback = new Readback(parts, patience);

  return {
    name: "webgpu",
    description,
    ops: checkedOps<BufferStorage>(owner, (op) => {
      const run = runnerOf(ops, op, (tensor: WebGPUTensor) => tensor);
      return (call) => {
        watch.check();
        run(call);
      };
    }),
    allocate(shape, dtype = "f32") {
      owner.assertOpen("allocate");
      watch.check();
      assertShape(shape);
      const label = `tensor (${shape.join(", ")})`;
      const storage = memory.allocate(sizeOf(shape), label);
      return new StoredTensor(storage, [...shape], dtype);
    },
    free(tensor) {
      commands.destroy(owner.freed<BufferStorage>(tensor).storage);
    },
    write(tensor, values) {
      const { storage, offset, dtype } = owner.written<BufferStorage>(
        tensor,
        values,
      );
      watch.check();
      // A write takes effect before all that is submitted after it.
      if (commands.uses(storage)) commands.submit();
      const data = dtype === "u32"
        ? new Uint32Array(values)
        : new Float32Array(values);
      device.queue.writeBuffer(storage.buffer, 4 * offset, data);
    },
    read(tensor) {
      const found = owner.read<BufferStorage>(tensor);
      watch.check();
      return readback.read(found);
    },
    [Symbol.dispose]() {
      owner.dispose();
      // Work that is not waited for must not run when its device goes.
      commands.discard();
      memory.destroyAll();
      device.destroy();
    },
  };
}
