/**
 * Files that are written whole or not at all.
 *
 * @module
 */

import { basename, dirname, join } from "@std/path";
import { EXIT, TaskError } from "./run_task.ts";

/**
 * Writes a file: to a new one beside it, to the disk, then renamed into place. A
 * reader sees the old file or the new one, whenever the power fails.
 *
 * @param previous What the old file is renamed to, once the new one is on the disk.
 */
export async function writeWhole(
  path: string,
  bytes: Uint8Array,
  previous?: string,
): Promise<void> {
  const folder = dirname(path);
  await Deno.mkdir(folder, { recursive: true });
  const temporary = join(
    folder,
    `.${basename(path)}.${crypto.randomUUID()}.tmp`,
  );
  try {
    using file = await Deno.open(temporary, { write: true, createNew: true });
    for (let at = 0; at < bytes.length;) {
      at += await file.write(bytes.subarray(at));
    }
    await file.sync();
    if (previous && await exists(path)) await Deno.rename(path, previous);
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
  if (Deno.build.os === "windows") return; // there a folder cannot be opened
  using opened = await Deno.open(folder);
  await opened.sync(); // the new name, too, is on the disk
}

/** A file's bytes; a missing one is an error that says what it was wanted for. */
export async function readWanted(
  path: string,
  what: string,
): Promise<Uint8Array> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new TaskError(EXIT.files, `there is no ${what} at ${path}`);
    }
    const reason = (error as Error).message;
    throw new TaskError(
      EXIT.files,
      `cannot read ${what} at ${path}: ${reason}`,
    );
  }
}

/** Whether a file or folder is there. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
