/**
 * The WebGPU backend: layers as dispatches of the kernels in kernels/.
 *
 * @module
 */

import type { Backend, Tensor, Values } from "../backend.ts";
import { assertShape, sizeOf } from "../shapes.ts";
import { Commands } from "./commands.ts";
import {
  findAdapter,
  openDevice,
  type OpenedDevice,
  platformGPU,
} from "./device.ts";
import { Memory } from "./memory.ts";
import { createOpContext } from "./op_context.ts";
import { createOps } from "./ops.ts";
import { compileAll } from "./pipelines.ts";
import { own, WebGPUTensor } from "./tensor.ts";

export { findAdapter, type FoundAdapter } from "./device.ts";

/** Settings of {@linkcode openWebGPU}. */
export interface WebGPUOptions {
  /** Default: the platform's, `navigator.gpu`. */
  readonly gpu?: GPU;
  /** Whether an adapter that computes on the CPU will do. Default: it will. */
  readonly allowSoftware?: boolean;
}

// GPUBufferUsage and GPUMapMode; the DOM types lack their values.
const MAP_READ = 0x1, COPY_DST = 0x8, MODE_READ = 0x1;

/**
 * Opens the WebGPU backend on the platform's first adapter, and compiles its
 * kernels.
 *
 * Any error that the device reports is fatal: it is thrown by the next call or by
 * the read that is waited for.
 *
 * @throws {Error} If there is no adapter, or a kernel does not compile.
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
  { gpu = platformGPU(), allowSoftware = true }: WebGPUOptions = {},
): Promise<Backend> {
  const found = await findAdapter(gpu);
  if (!found || (found.software && !allowSoftware)) {
    const what = !gpu
      ? "this platform has no navigator.gpu"
      : found
      ? `the only adapter is ${found.description}`
      : "navigator.gpu.requestAdapter() found no adapter";
    throw new Error(
      `Cannot open a WebGPU device: ${what}. Install a Vulkan driver ` +
        `(on Debian: mesa-vulkan-drivers), or use the CPU (--device cpu)`,
    );
  }
  const opened = await openDevice(found.adapter);
  const pipelines = await compileAll(opened.device);
  opened.check();
  return createBackend(opened, found.description, pipelines);
}

function createBackend(
  { device, check }: OpenedDevice,
  description: string,
  pipelines: Awaited<ReturnType<typeof compileAll>>,
): Backend {
  const memory = new Memory(device);
  const commands = new Commands(device, memory);
  const ops = createOps(
    createOpContext({ check, commands, memory, pipelines }),
  );

  return {
    name: "webgpu",
    description,
    ops,
    allocate(shape, dtype = "f32") {
      check();
      assertShape(shape);
      const label = `tensor (${shape.join(", ")})`;
      const storage = memory.allocate(sizeOf(shape), label);
      return new WebGPUTensor(memory, storage, 0, [...shape], dtype);
    },
    free(tensor) {
      commands.destroy(own(memory, tensor).storage);
    },
    write(tensor, values) {
      check();
      const { storage, offset, size, shape, dtype } = own(memory, tensor);
      if (values.length !== size) {
        throw new RangeError(
          `Cannot write ${values.length} values to a tensor of shape ` +
            `(${shape.join(", ")})`,
        );
      }
      // A write takes effect before all that is submitted after it.
      if (commands.uses(storage)) commands.submit();
      const data = dtype === "u32"
        ? new Uint32Array(values)
        : new Float32Array(values);
      device.queue.writeBuffer(storage.buffer, 4 * offset, data);
    },
    read(tensor) {
      check();
      const owned = own(memory, tensor);
      const staging = device.createBuffer({
        label: "read",
        size: 4 * owned.size,
        usage: MAP_READ | COPY_DST,
      });
      commands.copy(owned, staging);
      commands.submit();
      return download(staging, owned, check);
    },
    [Symbol.dispose]() {
      // Work that is not waited for must not run when its device goes.
      commands.discard();
      memory.destroyAll();
      device.destroy();
    },
  };
}

/** Waits for a buffer, copies its elements out of it and destroys it. */
async function download(
  staging: GPUBuffer,
  { dtype }: Tensor,
  check: () => void,
): Promise<Values> {
  try {
    await staging.mapAsync(MODE_READ);
  } catch (error) {
    // The event that says why is a task of its own.
    await new Promise((resolve) => setTimeout(resolve, 0));
    check();
    throw error;
  }
  check();
  const bytes = staging.getMappedRange().slice(0);
  staging.unmap();
  staging.destroy();
  return dtype === "u32" ? new Uint32Array(bytes) : new Float32Array(bytes);
}
