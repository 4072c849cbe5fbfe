/**
 * Who may write into a run's folder.
 *
 * @module
 */

import { EXIT, TaskError } from "./exit.ts";
import { fileError } from "./file_error.ts";
import { isAt } from "./files.ts";
import type { RunPaths } from "./run_paths.ts";
import { say } from "./terminal.ts";

/** What systems say of file systems that know no locks. */
const UNKNOWN_THERE = ["ENOTSUP", "EOPNOTSUPP", "ENOSYS", "ENOLCK"];

/** How often a folder may be made anew while it is being locked. */
const MOST_TRIES = 10;

/**
 * A lock on a run, held until it is disposed of or the program ends, however it
 * does. It is on a file of its own, so that on systems where a lock keeps readers
 * out, too, all others stay readable.
 */
export class RunLock implements Disposable {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  #isCertain = false;

  private constructor(path: string, file: Deno.FsFile) {
    this.#path = path;
    this.#file = file;
  }

  /**
   * Locks a run whose folder is there.
   *
   * @throws {TaskError} If another process has it, or the file cannot be written.
   */
  static take({ name, lock: path }: RunPaths): RunLock {
    // The folder may be removed, and made anew, between opening and locking.
    for (let tries = 1; tries <= MOST_TRIES; tries++) {
      const lock = new RunLock(path, openLock(path));
      try {
        lock.#lock(name);
        if (lock.isInPlace()) return lock;
      } catch (error) {
        lock[Symbol.dispose]();
        throw error;
      }
      lock[Symbol.dispose]();
    }
    throw new TaskError(
      EXIT.files,
      `cannot lock ${path}: the file keeps being replaced by another ` +
        "one",
    );
  }

  /** Whether nobody else has it: false where the file system knows no locks. */
  get isCertain(): boolean {
    return this.#isCertain;
  }

  /** Whether the folder is still the one that was locked: nobody has moved it. */
  isInPlace(): boolean {
    return isAt(this.#file, this.#path);
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }

  #lock(name: string): void {
    try {
      if (this.#file.tryLockSync(true)) {
        this.#isCertain = true;
        this.#sign();
        return;
      }
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === undefined || !UNKNOWN_THERE.includes(code)) {
        throw fileError(error, "lock", this.#path);
      }
      say(
        `note: this file system cannot lock files (${this.#path}): make ` +
          "sure that no other task writes into this run",
      );
      return;
    }
    throw new TaskError(
      EXIT.busy,
      `the run "${name}" is in use${this.#holder()}: wait until it ` +
        "ends, or stop it",
    );
  }

  /** Leaves this process' number for those who find the run locked. */
  #sign(): void {
    try {
      this.#file.truncateSync(0);
      this.#file.writeSync(new TextEncoder().encode(`${Deno.pid}\n`));
    } catch {
      // It is a help, no more: a full disk is found out by what needs it.
    }
  }

  #holder(): string {
    try {
      const number = Deno.readTextFileSync(this.#path).trim();
      return /^\d+$/.test(number) ? ` by process ${number}` : "";
    } catch {
      return ""; // where a lock keeps readers out
    }
  }
}

function openLock(path: string): Deno.FsFile {
  try {
    return Deno.openSync(path, { create: true, read: true, write: true });
  } catch (error) {
    throw fileError(error, "lock", path);
  }
}
