/**
 * A run that a task writes into: locked first, then read, cleared of what was left
 * half-written, and written through this alone.
 *
 * @module
 */

import { dirname } from "@std/path";
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  type ImportedModel,
} from "../../lib/training/checkpoint.ts";
import { shellQuoted } from "./command_line.ts";
import { EXIT, TaskError } from "./exit.ts";
import { fileError } from "./file_error.ts";
import {
  clearTemporaries,
  exists,
  replaceWhole,
  temporaryPath,
} from "./files.ts";
import { firstSound } from "./read_model.ts";
import { RunLock } from "./run_lock.ts";
import { readRunName, runNameFor } from "./run_name.ts";
import {
  modelPaths,
  type RunPaths,
  runPaths,
  RUNS_FOLDER,
} from "./run_paths.ts";
import { say } from "./terminal.ts";

/** A locked run. */
export class HeldRun implements Disposable {
  #paths: RunPaths;
  #lock: RunLock;
  /** Whether model.safetensors is known to be whole: read so, or written by us. */
  #lastIsSound = false;

  private constructor(paths: RunPaths, lock: RunLock) {
    this.#paths = paths;
    this.#lock = lock;
  }

  /** Where its files are. */
  get paths(): RunPaths {
    return this.#paths;
  }

  /**
   * Makes a new run. One that holds a model is never touched: without a name the
   * next free number is taken, `time-machine-3`. A folder that a task has left
   * without a model is taken over.
   *
   * @param corpus What a run without a name is named after.
   * @param runs The folder of the runs.
   * @throws {TaskError} If the name is taken, or the folder cannot be made.
   */
  static async create(
    name: string | undefined,
    corpus: string,
    runs = RUNS_FOLDER,
  ): Promise<HeldRun> {
    await makeFolder(runs);
    if (name !== undefined) {
      await assertFreeRun(name, runs);
      return await HeldRun.#take(runPaths(readRunName(name), runs)) ??
        taken(name);
    }
    for (let number = 1;; number++) {
      const candidate = `${runNameFor(corpus)}-${number}`;
      try {
        const run = await HeldRun.#take(runPaths(candidate, runs));
        if (run) return run;
      } catch (error) {
        if (!(error instanceof TaskError) || error.exitCode !== EXIT.busy) {
          throw error;
        }
      }
    }
  }

  /**
   * Holds a run that is there.
   *
   * @throws {TaskError} If it is not, or another process holds it.
   */
  static async open(paths: RunPaths): Promise<HeldRun> {
    const run = new HeldRun(paths, RunLock.take(paths));
    await clearTemporaries(paths.folder);
    return run;
  }

  /**
   * Reads the last checkpoint; where it is damaged the one before; where that is,
   * too, the best. Says what is wrong.
   *
   * @throws {TaskError} If there is none that is whole.
   */
  async loadLast(): Promise<{ path: string; model: Checkpoint }> {
    const { name, checkpoint } = this.#paths;
    const candidates: string[] = [];
    for (const path of modelPaths(this.#paths)) {
      if (await exists(path)) candidates.push(path);
    }
    if (candidates.length === 0) {
      throw new TaskError(
        EXIT.files,
        `the run "${name}" has no checkpoint: it ended before the first ` +
          "one was saved. Train it from the beginning with " +
          `${shellQuoted(["--run", name])} and without --resume`,
      );
    }
    if (candidates[0] !== checkpoint) {
      say(`there is no ${checkpoint}; using ${candidates[0]}`);
    }
    const found = await firstSound(candidates, decodeCheckpoint);
    this.#lastIsSound = found.path === checkpoint;
    return found;
  }

  /** Reads the best model, if it is there and whole. */
  async loadBest(): Promise<Checkpoint | undefined> {
    try {
      return await decodeCheckpoint(await Deno.readFile(this.#paths.best));
    } catch {
      return undefined;
    }
  }

  /**
   * Writes the model as it is; what it was becomes the previous one, if it was whole.
   *
   * @throws {TaskError} If that fails; all that was there is there.
   */
  async save(model: Checkpoint | ImportedModel): Promise<void> {
    const bytes = await encodeCheckpoint(model);
    const { checkpoint, previous } = this.#paths;
    let isMoved = false;
    try {
      await replaceWhole(checkpoint, bytes, async () => {
        if (!this.#lastIsSound || !await exists(checkpoint)) return;
        isMoved = await moveOrLink(checkpoint, previous) === "moved";
      });
    } catch (error) {
      if (isMoved) await Deno.rename(previous, checkpoint).catch(() => {});
      throw error;
    }
    this.#lastIsSound = true;
  }

  /** Writes the best model. */
  async saveBest(model: Checkpoint): Promise<void> {
    await replaceWhole(this.#paths.best, await encodeCheckpoint(model));
  }

  /** Whether its folder is where it was: nobody has removed or renamed it. */
  isInPlace(): boolean {
    return this.#lock.isInPlace();
  }

  /**
   * Sees to it that the folder is there, which somebody may have removed or renamed.
   *
   * @returns Whether it had to be made anew.
   */
  async restore(): Promise<boolean> {
    if (this.isInPlace()) return false;
    const { name, folder } = this.#paths;
    const runs = dirname(folder);
    await makeFolder(runs);
    const anew = await HeldRun.#take(this.#paths) ??
      await HeldRun.create(undefined, name, runs);
    say(
      `${folder} was removed or renamed during training: everything ` +
        `that is in memory is written to ${anew.paths.folder}`,
    );
    this.#lock[Symbol.dispose]();
    this.#paths = anew.#paths;
    this.#lock = anew.#lock;
    this.#lastIsSound = false;
    return true;
  }

  /**
   * Removes the run if it holds no model: its own files, and the folder if nothing
   * else is in it.
   *
   * @returns Whether it held none.
   */
  async discard(): Promise<boolean> {
    if (await holdsModel(this.#paths) || !this.#lock.isInPlace()) return false;
    await this.#clear();
    await Deno.remove(this.#paths.lock).catch(() => {});
    await Deno.remove(this.#paths.folder).catch(() => {}); // but not what is in it
    return true;
  }

  /** Gives the run back. */
  [Symbol.dispose](): void {
    this.#lock[Symbol.dispose]();
  }

  /** A run to begin anew; undefined if there is one with a model. */
  static async #take(paths: RunPaths): Promise<HeldRun | undefined> {
    const isNew = await makeNew(paths.folder);
    if (!isNew && !await isAbandoned(paths)) return undefined;
    const run = new HeldRun(paths, await lockNew(paths, isNew));
    // Who had it before us has saved; or may have it still.
    if (await holdsModel(paths) || !isNew && !run.#lock.isCertain) {
      run[Symbol.dispose]();
      return undefined;
    }
    await run.#clear();
    return run;
  }

  /** Removes all of a run's files but its models and its lock. */
  async #clear(): Promise<void> {
    const { metrics, samples, commands, curve, report } = this.#paths;
    await clearTemporaries(this.#paths.folder);
    for (const path of [metrics, samples, commands, curve, report]) {
      await Deno.remove(path).catch(() => {});
    }
  }
}

/** Makes a folder; false if there is something of that name. */
async function makeNew(folder: string): Promise<boolean> {
  try {
    await Deno.mkdir(folder);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw fileError(error, "create the folder", folder);
  }
}

/** Whether a name is that of a folder without a model. */
async function isAbandoned(paths: RunPaths): Promise<boolean> {
  const { isDirectory } = await Deno.stat(paths.folder);
  return isDirectory && !await holdsModel(paths);
}

/** Locks a run's folder; one that is new and cannot be locked does not stay behind. */
async function lockNew(paths: RunPaths, isNew: boolean): Promise<RunLock> {
  try {
    return RunLock.take(paths);
  } catch (error) {
    if (isNew && (error as TaskError).exitCode !== EXIT.busy) {
      await Deno.remove(paths.lock).catch(() => {});
      await Deno.remove(paths.folder).catch(() => {}); // but not what is in it
    }
    throw error;
  }
}

/** Throws unless a run can be made: a good name that no run with a model has. */
export async function assertFreeRun(
  name: string,
  runs = RUNS_FOLDER,
): Promise<void> {
  if (await holdsModel(runPaths(readRunName(name), runs))) taken(name);
}

async function makeFolder(path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true });
  } catch (error) {
    throw fileError(error, "create the folder", path);
  }
}

function taken(name: string): never {
  throw new TaskError(
    EXIT.files,
    `the run "${name}" already exists: choose another --run, or ` +
      "leave the flag out",
  );
}

async function holdsModel(paths: RunPaths): Promise<boolean> {
  for (const path of modelPaths(paths)) if (await exists(path)) return true;
  return false;
}

/**
 * Gives a file a second name, in place of whatever has it. Where the file system
 * knows no links the file is renamed, and is not there for a moment.
 */
async function moveOrLink(
  path: string,
  name: string,
): Promise<"linked" | "moved"> {
  const temporary = temporaryPath(name);
  try {
    await Deno.link(path, temporary);
  } catch {
    await Deno.rename(path, name);
    return "moved";
  }
  try {
    await Deno.rename(temporary, name);
  } finally {
    // Where the name was of the same file already, the system has renamed nothing.
    await Deno.remove(temporary).catch(() => {});
  }
  return "linked";
}
