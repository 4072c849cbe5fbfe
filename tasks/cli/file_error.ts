/**
 * What went wrong with a file, for people.
 *
 * @module
 */

import { EXIT, TaskError } from "./exit.ts";

/** What the system's error codes mean. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EBUSY: "it is in use",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file would be too large for this file system",
  EINVAL: "the file system does not support it",
  EIO: "the disk reports an input/output error",
  EISDIR: "it is a folder",
  ELOOP: "its symbolic links form a loop",
  EMFILE: "too many files are open",
  ENAMETOOLONG: "the name is too long",
  ENODEV: "there is no such device",
  ENOENT: "it does not exist",
  ENOSPC: "the disk is full",
  ENOTDIR: "a part of the path is not a folder",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ETXTBSY: "it is in use",
};

/** Whether an error comes from a file operation or another call of the system. */
export function isSystemError(
  error: unknown,
): error is Error & { readonly code?: string } {
  return error instanceof Error &&
    (/^E[A-Z0-9]+$/.test(codeOf(error) ?? "") ||
      Object.values(Deno.errors).some((known) => error instanceof known));
}

/** Why a file operation failed: `the disk is full`. */
export function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotCapable) {
    return "this task does not have permission for it";
  }
  const code = codeOf(error);
  if (code && Object.hasOwn(REASONS, code)) return REASONS[code];
  if (error instanceof Deno.errors.NotFound) return REASONS.ENOENT;
  if (error instanceof Deno.errors.PermissionDenied) return REASONS.EACCES;
  // Deno appends the operation and the path: "...: open 'data'".
  return (error as Error).message.replace(/: \w+ '.*$/s, "");
}

/**
 * The error of a task that could not do something with a file.
 *
 * @param doing What was to be done: `write`.
 */
export function fileError(
  error: unknown,
  doing: string,
  path: string,
): TaskError {
  if (error instanceof TaskError) return error;
  if (!isSystemError(error)) throw error; // a fault of the program
  return new TaskError(
    EXIT.files,
    `cannot ${doing} ${path}: ${reasonOf(error)}`,
  );
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}
