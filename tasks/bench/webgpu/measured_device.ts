/**
 * The WebGPU backend together with its device, to be measured from both sides.
 *
 * @module
 */

import type { Backend } from "../../../lib/backend/backend.ts";
import { type EngineName, ENGINES } from "./engines.ts";
import { watched } from "./watched.ts";

/** The device's clock. */
const TIMESTAMPS: GPUFeatureName = "timestamp-query";

/** A backend, and the device that it runs on. */
export interface MeasuredDevice extends Disposable {
  readonly backend: Backend;
  readonly device: GPUDevice;
}

/**
 * Opens the platform's first adapter with an engine, and its clock where it has one.
 *
 * @throws {DeviceError} As `openWebGPU` does.
 */
export async function openMeasuredDevice(
  engine: EngineName,
): Promise<MeasuredDevice> {
  let device!: GPUDevice;
  const gpu = watched((one) => device = one, [TIMESTAMPS]);
  const backend = await ENGINES[engine]({ gpu });
  return { backend, device, [Symbol.dispose]: () => backend[Symbol.dispose]() };
}

/** Whether the device tells how long its passes take. */
export function hasTimestamps(device: GPUDevice): boolean {
  return device.features.has(TIMESTAMPS);
}
