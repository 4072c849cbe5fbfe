/**
 * Which device a task runs on.
 *
 * @module
 */

import type { Backend } from "../../lib/backend/backend.ts";
import {
  DEVICE_NAMES,
  type DeviceName,
  openBackend,
  openChosen,
} from "../../lib/backend/open.ts";
import { MOST_THREADS } from "../../lib/backend/wasm/threads.ts";
import { choice, type NumberFlag } from "./command.ts";
import { UsageError } from "./flags.ts";
import { EXIT, TaskError } from "./exit.ts";
import { say } from "./terminal.ts";

/** The flags that choose a device. */
export const DEVICE_FLAGS = {
  device: choice(
    DEVICE_NAMES,
    "auto",
    "what to run on; auto: a GPU if there is one, else the CPU",
  ),
  threads: {
    kind: "integer",
    least: 1,
    most: MOST_THREADS,
    help: "number of CPU threads (one for each core)",
  } as NumberFlag,
} as const;

/**
 * Opens a device; where it was left to choose, tells which and why.
 *
 * @param tell Takes a line for people. Default: to stderr.
 * @throws {UsageError} If threads are asked of a device that has none.
 * @throws {TaskError} If the device does not open.
 */
export async function openDevice(
  { device, threads }: {
    readonly device: DeviceName;
    readonly threads?: number;
  },
  tell: (line: string) => void = say,
): Promise<Backend> {
  if (threads !== undefined && device !== "cpu" && device !== "auto") {
    throw new UsageError(
      `--threads works only with --device cpu, not with ${device}`,
    );
  }
  try {
    if (device !== "auto") return await openBackend(device, { threads });
    const { name, reason, backend } = await openChosen({ threads });
    tell(`device: ${name}, because ${reason}`);
    if (threads !== undefined && name !== "cpu") {
      tell(
        `threads: --threads ${threads} is ignored, because the device ` +
          "is a GPU",
      );
    }
    return backend;
  } catch (error) {
    const { message } = error as Error;
    // The library says what to do, and here the flag is known that does it.
    const advice = message.replace(/use the CPU$/, "$& (--device cpu)");
    throw new TaskError(EXIT.device, advice);
  }
}
