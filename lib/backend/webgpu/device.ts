/**
 * The WebGPU adapter and device.
 *
 * @module
 */

import { DeviceError } from "../device_error.ts";
import { DeviceWatch } from "./device_watch.ts";

/** An adapter and what to call it. */
export interface FoundAdapter {
  readonly adapter: GPUAdapter;
  /** `"llvmpipe (LLVM 15.0.6, 256 bits), WebGPU, software"`. */
  readonly description: string;
  /** Whether it computes on the CPU: slower than a CPU backend. */
  readonly software: boolean;
}

/** A device whose errors are fatal. */
export interface OpenedDevice {
  readonly device: GPUDevice;
  readonly watch: DeviceWatch;
}

const SOFTWARE =
  /llvmpipe|lavapipe|softpipe|swiftshader|microsoft basic render/i;

/** The platform's WebGPU, where it has one. */
export function platformGPU(): GPU | undefined {
  return globalThis.navigator?.gpu;
}

/**
 * Finds the platform's first adapter; opens no device.
 *
 * @returns Nothing where there is no WebGPU or no adapter.
 * @throws {DeviceError} If the platform's WebGPU fails.
 */
export async function findAdapter(
  gpu: GPU | undefined = platformGPU(),
): Promise<FoundAdapter | undefined> {
  const adapter = await orUnavailable(
    "Cannot ask for a WebGPU adapter",
    () => gpu?.requestAdapter({ powerPreference: "high-performance" }),
  );
  if (!adapter) return undefined;
  const { description, device, vendor, architecture, isFallbackAdapter } =
    adapter.info;
  // Browsers leave out the description; Deno gives numbers for the rest.
  const name = description || [vendor, architecture, device]
    .filter((word) => word).join(" ") ||
    "unnamed adapter";
  const software = isFallbackAdapter || SOFTWARE.test(name);
  return {
    adapter,
    description: `${name}, WebGPU` + (software ? ", software" : ""),
    software,
  };
}

/**
 * Opens a device with the adapter's own limits for buffers, since the defaults
 * hold no more than 128 MiB a tensor.
 *
 * @throws {DeviceError} If the adapter has no device to give.
 */
export async function openDevice(adapter: GPUAdapter): Promise<OpenedDevice> {
  const { limits } = adapter;
  const device = await orUnavailable(
    "Cannot open the WebGPU device",
    () =>
      adapter.requestDevice({
        label: "weena",
        requiredLimits: {
          maxBufferSize: limits.maxBufferSize,
          maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
          minUniformBufferOffsetAlignment:
            limits.minUniformBufferOffsetAlignment,
        },
      }),
  );
  return { device, watch: new DeviceWatch(device) };
}

/** What the platform gives; a DeviceError where it throws instead. */
async function orUnavailable<T>(
  attempt: string,
  ask: () => T | Promise<T>,
): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    const message = `${attempt}: ${(cause as Error).message}`;
    throw new DeviceError("unavailable", message, { cause });
  }
}
