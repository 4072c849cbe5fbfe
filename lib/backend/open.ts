/**
 * The one place that knows every backend.
 *
 * @module
 */

import type { Backend } from "./backend.ts";
import { DeviceError } from "./device_error.ts";

/** Every device name, in the order of a list for people. */
export const DEVICE_NAMES = ["auto", "webgpu", "cpu", "reference"] as const;

/** What a backend is asked for by; `auto` takes the fastest that there is. */
export type DeviceName = typeof DEVICE_NAMES[number];

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
  /** Threads of the CPU, from 1 to 256. Default: as many as it has cores. */
  readonly threads?: number;
}

/** A backend that was opened by choice, and why it is that one. */
export interface ChosenBackend extends DeviceChoice {
  /** The backend, open. */
  readonly backend: Backend;
}

/**
 * Opens what {@linkcode chooseDevice} chooses, and the CPU where that is a GPU which
 * does not open.
 *
 * @throws {RangeError} If `threads` is not a whole number that there is room for.
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
 * Opens a backend. Only `auto` chooses; a device asked for by name is that one, or
 * an error.
 *
 * @throws {DeviceError} If the GPU is missing or does not open.
 * @throws {RangeError} If `threads` is not a whole number that there is room for.
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
