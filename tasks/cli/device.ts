/**
 * Which device a task runs on.
 *
 * @module
 */

import type { Backend } from "../../lib/backend/backend.ts";
import {
  chooseDevice,
  DEVICE_NAMES,
  type DeviceName,
  openBackend,
} from "../../lib/backend/open.ts";
import { choice } from "./flags.ts";
import { EXIT, TaskError } from "./run_task.ts";
import { say } from "./terminal.ts";

/** The flag that chooses a device. */
export const DEVICE_FLAGS = {
  device: choice(
    DEVICE_NAMES,
    "auto",
    "what to run on; auto: a GPU, else the CPU",
  ),
} as const;

/** Opens a device; where it was left to choose, says on stderr which and why. */
export async function openDevice(device: DeviceName): Promise<Backend> {
  let name = device;
  if (device === "auto") {
    const chosen = await chooseDevice();
    say(`device: ${chosen.name}, because ${chosen.reason}`);
    name = chosen.name;
  }
  try {
    return await openBackend(name);
  } catch (error) {
    throw new TaskError(EXIT.device, (error as Error).message);
  }
}
