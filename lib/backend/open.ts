/**
 * The one place that knows every backend.
 *
 * @module
 */

import type { Backend } from "./backend.ts";

/** What a backend is asked for by; `auto` takes the fastest that there is. */
export type DeviceName = "auto" | "webgpu" | "cpu" | "reference";

/** Every device name, in the order of a list for people. */
export const DEVICE_NAMES: readonly DeviceName[] = [
  "auto",
  "webgpu",
  "cpu",
  "reference",
];

/** A device that `auto` stands for, and why that one. */
export interface DeviceChoice {
  /** The device. */
  readonly name: Exclude<DeviceName, "auto">;
  /** A sentence for people. */
  readonly reason: string;
}

/**
 * Chooses a device: WebGPU where there is a hardware GPU, the CPU elsewhere. A
 * software adapter is slower than the CPU backend, so it counts as no GPU.
 *
 * @example
 * ```ts
 * import { chooseDevice } from "./open.ts";
 *
 * const { name, reason } = await chooseDevice();
 * console.assert(["webgpu", "cpu"].includes(name) && reason !== "");
 * ```
 */
export async function chooseDevice(): Promise<DeviceChoice> {
  const { findAdapter } = await import("./webgpu/device.ts");
  const found = await findAdapter();
  if (!found) return { name: "cpu", reason: "there is no WebGPU adapter" };
  const { description, software } = found;
  return software
    ? { name: "cpu", reason: `the only adapter is ${description}` }
    : { name: "webgpu", reason: `there is a GPU, ${description}` };
}

/**
 * Opens a backend. Only `auto` chooses; a device asked for by name is that one, or
 * an error.
 *
 * @throws {Error} If the device is missing.
 *
 * @example
 * ```ts
 * import { openBackend } from "./open.ts";
 *
 * using backend = await openBackend("reference");
 * console.assert(backend.name === "reference");
 * ```
 */
export async function openBackend(name: DeviceName = "auto"): Promise<Backend> {
  switch (name) {
    case "auto":
      return openBackend((await chooseDevice()).name);
    case "webgpu": {
      const { openWebGPU } = await import("./webgpu/webgpu_backend.ts");
      return await openWebGPU();
    }
    case "cpu": {
      const { openReference } = await import(
        "./reference/reference_backend.ts"
      );
      return openReference({ precision: "float32" });
    }
    case "reference": {
      const { openReference } = await import(
        "./reference/reference_backend.ts"
      );
      return openReference({ precision: "float64" });
    }
  }
}
