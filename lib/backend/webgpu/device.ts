/**
 * The WebGPU adapter and device, and the errors that a device reports later.
 *
 * @module
 */

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
  /** Throws the first error that the device has reported, if there is one. */
  check(): void;
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
 */
export async function findAdapter(
  gpu: GPU | undefined = platformGPU(),
): Promise<FoundAdapter | undefined> {
  const adapter = await gpu?.requestAdapter({
    powerPreference: "high-performance",
  });
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
 */
export async function openDevice(adapter: GPUAdapter): Promise<OpenedDevice> {
  const { limits } = adapter;
  const device = await adapter.requestDevice({
    label: "weena",
    requiredLimits: {
      maxBufferSize: limits.maxBufferSize,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      minUniformBufferOffsetAlignment: limits.minUniformBufferOffsetAlignment,
    },
  });
  let failure: Error | undefined;
  device.addEventListener("uncapturederror", (event) => {
    const { error } = event as GPUUncapturedErrorEvent;
    const kind = error.constructor.name;
    // The message names the object by its label.
    failure ??= new Error(`WebGPU reported a ${kind}: ${error.message.trim()}`);
  });
  device.lost.then(({ reason, message }) => {
    failure ??= new Error(`The WebGPU device is lost (${reason}): ${message}`);
  });
  return {
    device,
    check: () => {
      if (failure) throw failure;
    },
  };
}
