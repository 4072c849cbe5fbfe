/**
 * Files that are written whole or not at all.
 *
 * @module
 */

import { basename, dirname, join } from "@std/path";
import { EXIT, TaskError } from "./exit.ts";
import { fileError, isSystemError, reasonOf } from "./file_error.ts";
import { interruption } from "./interrupt.ts";
import { monotonicClock, turns } from "../../lib/training/pace.ts";

/** Bytes that are read at a time. */
const PIECE = 2 ** 18;

/** After which time a temporary file is taken to have been left, in milliseconds. */
const STALE_MILLISECONDS = 3_600_000;

/**
 * Writes a file, from its bytes or parts of them in order: to a new one beside it,
 * to the disk, then renamed into place. A reader sees the old file or the new one,
 * whenever the power fails. Folders that are missing are made.
 *
 * @throws {TaskError} If that fails; then the old file is as it was.
 */
export async function writeWhole(
  path: string,
  bytes: Uint8Array | Iterable<Uint8Array>,
): Promise<void> {
  const folder = dirname(path);
  try {
    await Deno.mkdir(folder, { recursive: true });
  } catch (error) {
    throw fileError(error, "write", path);
  }
  await clearTemporaries(folder, {
    of: basename(path),
    olderThan: STALE_MILLISECONDS,
  });
  await replaceWhole(path, bytes);
}

/**
 * The same in a folder that has to be there.
 *
 * @param before Called when the new file is on the disk, and not yet in place.
 */
export async function replaceWhole(
  path: string,
  bytes: Uint8Array | Iterable<Uint8Array>,
  before?: () => Promise<void>,
): Promise<void> {
  const parts = bytes instanceof Uint8Array ? [bytes] : bytes;
  const temporary = temporaryPath(path);
  try {
    using file = await Deno.open(temporary, { write: true, createNew: true });
    for (const part of parts) {
      for (let at = 0; at < part.length;) {
        at += await file.write(part.subarray(at));
      }
    }
    await file.sync();
    await before?.();
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw fileError(error, "write", path);
  }
  await syncFolder(dirname(path));
}

/** A name for a file that is to become another, which nobody else takes. */
export function temporaryPath(path: string): string {
  const name = `.${basename(path)}.${crypto.randomUUID()}.tmp`;
  return join(dirname(path), name);
}

/**
 * Removes what a program that was killed has left of writing files.
 *
 * @param only Those of one file alone, and those that have not been touched for so
 * many milliseconds: others may be in the making.
 */
export async function clearTemporaries(
  folder: string,
  only: { readonly of?: string; readonly olderThan?: number } = {},
): Promise<void> {
  const { of, olderThan = -Infinity } = only;
  try {
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (!isFile || !isTemporary(name)) continue;
      if (of !== undefined && !name.startsWith(`.${of}.`)) continue;
      const path = join(folder, name);
      const { mtime } = await Deno.stat(path);
      const age = Date.now() - (mtime?.getTime() ?? 0);
      if (age > olderThan) await Deno.remove(path);
    }
  } catch {
    // Gone already, or not ours to see or to remove: they do no harm.
  }
}

/** Whether a file is one that is in the making, or was left so. */
export function isTemporary(name: string): boolean {
  return /^\..+\.[0-9a-f]{8}-[0-9a-f-]{27}\.tmp$/.test(name);
}

/**
 * Waits until the names in a folder are on the disk. Not every file system can do
 * it, and what was renamed is in place all the same.
 */
async function syncFolder(folder: string): Promise<void> {
  if (Deno.build.os === "windows") return; // there a folder cannot be opened
  try {
    using opened = await Deno.open(folder);
    await opened.sync();
  } catch {
    // See above.
  }
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
    const takeTurn = turns(monotonicClock);
    let length: number | null;
    while ((length = await file.read(buffer)) !== null) {
      yield buffer.subarray(0, length);
      await takeTurn(); // for signals
      interruption().throwIfAborted();
    }
  } catch (error) {
    throw unreadable(path, what, error);
  }
}

function unreadable(path: string, what: string, error: unknown): Error {
  if (error instanceof Deno.errors.NotFound) {
    return new TaskError(EXIT.files, `there is no ${what} at ${path}`);
  }
  if (!isSystemError(error)) return error as Error;
  return new TaskError(
    EXIT.files,
    `cannot read ${what} at ${path}: ${reasonOf(error)}`,
  );
}

/**
 * Whether an open file is still the one at its path. On Windows, where open files
 * have no number to be told by, whether there is one at its path.
 */
export function isAt(file: Deno.FsFile, path: string): boolean {
  try {
    const { dev, ino } = file.statSync();
    const now = Deno.statSync(path);
    if (Deno.build.os === "windows") return now.isFile;
    return now.dev === dev && now.ino === ino;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw fileError(error, "read", path);
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
