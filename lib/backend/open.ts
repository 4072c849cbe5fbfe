/**
 * The one place that knows every backend.
 *
 * @module
 */

import type { Backend } from "./backend.ts";
import { DeviceError } from "./device_error.ts";

/** Every device name, in the order in which lists show them. */
export const DEVICE_NAMES = ["auto", "webgpu", "cpu", "reference"] as const;

/** Name of a device; `auto` stands for the fastest one available. */
export type DeviceName = typeof DEVICE_NAMES[number];

/** The device that `auto` stands for, and the reason for that choice. */
export interface DeviceChoice {
  /** The device. */
  readonly name: Exclude<DeviceName, "auto">;
  /** The reason, as part of a sentence that people can read. */
  readonly reason: string;
}

/**
 * Chooses a device: WebGPU if there is a hardware GPU, otherwise the CPU. A software
 * adapter does not count as a GPU, because it is slower than the CPU backend.
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
  try {
    const found = await findAdapter();
    if (!found) return { name: "cpu", reason: "there is no WebGPU adapter" };
    const { description, software } = found;
    return software
      ? { name: "cpu", reason: `the only adapter is ${description}` }
      : { name: "webgpu", reason: `there is a GPU, ${description}` };
  } catch (error) {
    return { name: "cpu", reason: reasonAgainst(error) };
  }
}

/** What is said of a GPU that cannot be used; any other error is thrown on. */
function reasonAgainst(error: unknown): string {
  if (!(error instanceof DeviceError)) throw error;
  return `the GPU cannot be used (${error.message})`;
}

/** Settings of {@linkcode openBackend}. */
export interface OpenOptions {
  /** Number of CPU threads, from 1 to 256. Default: one for each core. */
  readonly threads?: number;
}

/** A backend that was chosen and opened, and the reason for that choice. */
export interface ChosenBackend extends DeviceChoice {
  /** The open backend. */
  readonly backend: Backend;
}

/**
 * Opens the device that {@linkcode chooseDevice} chooses, or the CPU if that device is
 * a GPU that cannot be opened.
 *
 * @throws {RangeError} If `threads` is not a whole number in its range.
 *
 * @example
 * ```ts
 * import { openChosen } from "./open.ts";
 *
 * const { backend, name } = await openChosen({ threads: 1 });
 * using opened = backend;
 * console.assert(opened.name === name);
 * ```
 */
export async function openChosen(
  options: OpenOptions = {},
): Promise<ChosenBackend> {
  const choice = await chooseDevice();
  try {
    return { ...choice, backend: await openBackend(choice.name, options) };
  } catch (error) {
    if (choice.name === "cpu") throw error;
    const reason = reasonAgainst(error);
    return { name: "cpu", reason, backend: await openBackend("cpu", options) };
  }
}

/**
 * Opens a backend. Only `auto` chooses a device; any other name opens exactly that
 * device, or fails.
 *
 * @throws {DeviceError} If there is no GPU, or it cannot be opened.
 * @throws {RangeError} If `threads` is not a whole number in its range.
 *
 * @example
 * ```ts
 * import { openBackend } from "./open.ts";
 *
 * using backend = await openBackend("cpu", { threads: 1 });
 * console.assert(backend.name === "cpu");
 * ```
 */
export async function openBackend(
  name: DeviceName = "auto",
  options: OpenOptions = {},
): Promise<Backend> {
  switch (name) {
    case "auto":
      return (await openChosen(options)).backend;
    case "webgpu": {
      const { openWebGPU } = await import("./webgpu/webgpu_backend.ts");
      return await openWebGPU();
    }
    case "cpu": {
      const { openWasm } = await import("./wasm/wasm_backend.ts");
      return await openWasm(options);
    }
    case "reference": {
      const { openReference } = await import(
        "./reference/reference_backend.ts"
      );
      return openReference({ precision: "float64" });
    }
  }
}
