/**
 * Files that a user names: whether they can be read at all.
 *
 * @module
 */

import { EXIT, TaskError } from "./exit.ts";

/**
 * Throws a TaskError, which says what to do, unless the path leads to a file that is
 * there and may be read. A pipe or a device is none: what is read once cannot be read
 * again, and may never end.
 *
 * @param what What is wanted: `text (--corpus)`.
 */
export async function assertInputFile(
  path: string,
  what: string,
): Promise<void> {
  const fail = (reason: string): never => {
    throw new TaskError(EXIT.files, reason);
  };
  let found: Deno.FileInfo;
  try {
    found = await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      return fail(`there is no ${what} at ${path}`);
    }
    if (error instanceof Deno.errors.NotCapable) {
      return fail(
        `${path} cannot be read: Deno does not let programs read /dev, ` +
          `/proc and /sys. Copy the ${what} to a file elsewhere first, ` +
          "for example in data/",
      );
    }
    return fail(
      `cannot read the ${what} at ${path}: ${(error as Error).message}`,
    );
  }
  if (found.isDirectory) fail(`${path} is a folder, not a ${what}`);
  if (found.isFile) return;
  fail(
    `${path} is a pipe or a device, not a file, and cannot be read ` +
      `a second time: save the ${what} to a file first`,
  );
}
