/**
 * The texts that go by a name: The Time Machine, and the bundled tale.
 *
 * @module
 */

import { join } from "@std/path";
import { assertSha1, download, TIME_MACHINE } from "../../lib/download.ts";
import { DATA_FOLDER } from "./data_folder.ts";
import { exists, writeWhole } from "./files.ts";
import { interruption } from "./interrupt.ts";
import { EXIT, TaskError } from "./exit.ts";
import type { TextName } from "../shared/text_names.ts";

/** Where The Time Machine is kept. */
export const TIME_MACHINE_PATH = join(DATA_FOLDER, "timemachine.txt");

/** How long a download may take, in milliseconds. */
export const DOWNLOAD_TIMEOUT = 60_000;

/** The bundled tale: from where this module is from, which needs no permission. */
async function readSample(): Promise<string> {
  try {
    const module = await import("../../data/sample.txt", {
      with: { type: "text" },
    });
    return module.default;
  } catch {
    throw new TaskError(
      EXIT.files,
      "the bundled sample is missing: it belongs at data/sample.txt " +
        "in weena's folder. Restore it (git checkout data/sample.txt), " +
        "or choose another --corpus",
    );
  }
}

/**
 * The Time Machine as it was downloaded.
 *
 * @throws {TaskError} If it is not there, or another text is.
 */
async function readTimeMachine(): Promise<Uint8Array> {
  if (!await exists(TIME_MACHINE_PATH)) {
    throw new TaskError(
      EXIT.files,
      `The Time Machine is not at ${TIME_MACHINE_PATH}: run deno task download ` +
        `first, or use --corpus sample`,
    );
  }
  const bytes = await Deno.readFile(TIME_MACHINE_PATH);
  try {
    await assertSha1(bytes, TIME_MACHINE.sha1);
  } catch (error) {
    const reason = (error as Error).message;
    throw new TaskError(
      EXIT.input,
      `${TIME_MACHINE_PATH} is not The Time Machine (${reason}): ` +
        `run deno task download --force`,
    );
  }
  return bytes;
}

const READERS: Readonly<Record<TextName, () => Promise<string | Uint8Array>>> =
  { "time-machine": readTimeMachine, sample: readSample };

/**
 * A text that goes by a name.
 *
 * @throws {TaskError} If it is not there, or another text is.
 */
export async function readNamedText(
  name: TextName,
): Promise<string | Uint8Array> {
  return await READERS[name]();
}

/** Downloads The Time Machine to where it is kept. */
export async function fetchTimeMachine(): Promise<void> {
  const bytes = await download(TIME_MACHINE.urls, {
    fetch,
    sha1: TIME_MACHINE.sha1,
    signal: AbortSignal.any([
      AbortSignal.timeout(DOWNLOAD_TIMEOUT),
      interruption(),
    ]),
  });
  await writeWhole(TIME_MACHINE_PATH, bytes);
}
