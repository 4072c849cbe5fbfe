/**
 * Files that are written whole or not at all.
 *
 * @module
 */

import { basename, dirname, join } from "@std/path";
import { EXIT, TaskError } from "./run_task.ts";

/** Bytes that are read at a time. */
const PIECE = 2 ** 18;

/**
 * Writes a file, from its bytes or parts of them in order: to a new one beside it,
 * to the disk, then renamed into place. A reader sees the old file or the new one,
 * whenever the power fails.
 *
 * @param previous What the old file is renamed to, once the new one is on the disk.
 */
export async function writeWhole(
  path: string,
  bytes: Uint8Array | Iterable<Uint8Array>,
  previous?: string,
): Promise<void> {
  const parts = bytes instanceof Uint8Array ? [bytes] : bytes;
  const folder = dirname(path);
  await Deno.mkdir(folder, { recursive: true });
  const temporary = join(
    folder,
    `.${basename(path)}.${crypto.randomUUID()}.tmp`,
  );
  try {
    using file = await Deno.open(temporary, { write: true, createNew: true });
    for (const part of parts) {
      for (let at = 0; at < part.length;) {
        at += await file.write(part.subarray(at));
      }
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
    throw unreadable(path, what, error);
  }
}

/**
 * A file's bytes piece by piece, each good until the next is asked for; errors are
 * as {@linkcode readWanted}'s.
 */
export async function* streamWanted(
  path: string,
  what: string,
): AsyncGenerator<Uint8Array, void> {
  try {
    using file = await Deno.open(path);
    const buffer = new Uint8Array(PIECE);
    let length: number | null;
    while ((length = await file.read(buffer)) !== null) {
      yield buffer.subarray(0, length);
    }
  } catch (error) {
    throw unreadable(path, what, error);
  }
}

function unreadable(path: string, what: string, error: unknown): TaskError {
  if (error instanceof Deno.errors.NotFound) {
    return new TaskError(EXIT.files, `there is no ${what} at ${path}`);
  }
  const reason = (error as Error).message;
  return new TaskError(
    EXIT.files,
    `cannot read ${what} at ${path}: ${reason}`,
  );
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
