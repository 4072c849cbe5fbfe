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
import { choice, type NumberFlag, UsageError } from "./flags.ts";
import { EXIT, TaskError } from "./run_task.ts";
import { say } from "./terminal.ts";

/** The flags that choose a device. */
export const DEVICE_FLAGS = {
  device: choice(
    DEVICE_NAMES,
    "auto",
    "what to run on; auto: a GPU, else the CPU",
  ),
  threads: {
    kind: "integer",
    least: 1,
    help: "threads of the CPU (one for each core)",
  } as NumberFlag,
} as const;

/** Opens a device; where it was left to choose, says on stderr which and why. */
export async function openDevice(
  { device, threads }: {
    readonly device: DeviceName;
    readonly threads?: number;
  },
): Promise<Backend> {
  let name = device;
  if (device === "auto") {
    const chosen = await chooseDevice();
    say(`device: ${chosen.name}, because ${chosen.reason}`);
    name = chosen.name;
  } else if (threads !== undefined && device !== "cpu") {
    throw new UsageError(`--threads is for --device cpu, not ${device}`);
  }
  try {
    return await openBackend(name, { threads });
  } catch (error) {
    throw new TaskError(EXIT.device, (error as Error).message);
  }
}
