/**
 * Runs: folders of a checkpoint and its metrics, data/runs/NAME.
 *
 * @module
 */

import { join } from "@std/path";
import { foreignFormat } from "../../lib/exchange/foreign_format.ts";
import {
  type Checkpoint,
  CheckpointError,
  decodeCheckpoint,
  decodeModel,
  type ImportedModel,
} from "../../lib/training/checkpoint.ts";
import { DATA_FOLDER } from "./corpus.ts";
import { exists, readWanted } from "./files.ts";
import { type TextFlag, UsageError } from "./flags.ts";
import { EXIT, TaskError } from "./run_task.ts";

const RUNS_FOLDER = join(DATA_FOLDER, "runs");

/** Flags that choose a trained model. */
export const MODEL_FLAGS = {
  run: {
    kind: "text",
    value: "NAME",
    help: `a run in ${RUNS_FOLDER} (the newest)`,
  } as TextFlag,
  checkpoint: {
    kind: "text",
    value: "PATH",
    help: "a checkpoint file, in place of a run",
  } as TextFlag,
} as const;

/** Values of {@linkcode MODEL_FLAGS}. */
export interface ModelFlags {
  readonly run?: string;
  readonly checkpoint?: string;
}

/** The files of a run. */
export interface RunPaths {
  readonly name: string;
  readonly checkpoint: string;
  readonly metrics: string;
}

/**
 * Makes the folder of a new run. A run that exists is never touched: without a
 * name the next free number is taken, `time-machine-3`.
 */
export async function createRun(
  name: string | undefined,
  corpus: string,
): Promise<RunPaths> {
  await Deno.mkdir(RUNS_FOLDER, { recursive: true });
  if (name !== undefined) {
    assertRunName(name);
    if (await makeFolder(name)) return runPaths(name);
    throw new TaskError(
      EXIT.files,
      `the run "${name}" exists already: choose another --run, or leave it out`,
    );
  }
  for (let number = 1;; number++) {
    const candidate = `${corpus}-${number}`;
    if (await makeFolder(candidate)) return runPaths(candidate);
  }
}

/** Removes the folder of a run that failed before it had learned anything. */
export async function removeUnlessTrained(run: RunPaths): Promise<void> {
  if (await exists(run.checkpoint)) return;
  await Deno.remove(join(RUNS_FOLDER, run.name), { recursive: true });
}

/** Throws a UsageError unless the run can be made: a good name that is free. */
export async function assertFreeRun(name: string): Promise<void> {
  assertRunName(name);
  if (!await exists(join(RUNS_FOLDER, name))) return;
  throw new TaskError(
    EXIT.files,
    `the run "${name}" exists already: choose another --run, or leave it out`,
  );
}

/** Reads the checkpoint that the flags ask for, with what is known of its training. */
export async function loadCheckpoint(
  flags: ModelFlags,
): Promise<{ path: string; checkpoint: Checkpoint }> {
  const { path, model } = await load(flags, decodeCheckpoint);
  return { path, checkpoint: model };
}

/** Reads the model that the flags ask for, which may be imported. */
export async function loadModel(
  flags: ModelFlags,
): Promise<{ path: string; model: Checkpoint | ImportedModel }> {
  return await load(flags, decodeModel);
}

async function load<Model>(
  flags: ModelFlags,
  decode: (bytes: Uint8Array) => Promise<Model>,
): Promise<{ path: string; model: Model }> {
  const path = await checkpointPath(flags);
  const bytes = await readWanted(path, "checkpoint");
  const foreign = foreignFormat(bytes);
  if (foreign) throw new TaskError(EXIT.input, `${path} is ${foreign}`);
  try {
    return { path, model: await decode(bytes) };
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    throw new TaskError(EXIT.input, `${path}: ${error.message}`);
  }
}

/** The file that the flags ask for: by default the one that was written last. */
export async function checkpointPath(
  { run, checkpoint }: ModelFlags,
): Promise<string> {
  if (run !== undefined && checkpoint !== undefined) {
    throw new UsageError(
      "--run and --checkpoint both choose a model: give one",
    );
  }
  if (run !== undefined) assertRunName(run);
  return checkpoint ??
    (run === undefined ? await newestCheckpoint() : runPaths(run).checkpoint);
}

/** The checkpoint that was written last. */
async function newestCheckpoint(): Promise<string> {
  const found: { path: string; time: number }[] = [];
  try {
    for await (const { name } of Deno.readDir(RUNS_FOLDER)) {
      const path = runPaths(name).checkpoint;
      if (!await exists(path)) continue; // a run that was cut off at its start
      const { mtime } = await Deno.stat(path);
      found.push({ path, time: mtime?.getTime() ?? 0 });
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  found.sort((a, b) => b.time - a.time || (a.path < b.path ? 1 : -1));
  if (found.length > 0) return found[0].path;
  throw new TaskError(
    EXIT.files,
    `there is no trained model in ${RUNS_FOLDER}: run deno task train first`,
  );
}

function runPaths(name: string): RunPaths {
  const folder = join(RUNS_FOLDER, name);
  return {
    name,
    checkpoint: join(folder, "model.safetensors"),
    metrics: join(folder, "metrics.jsonl"),
  };
}

async function makeFolder(name: string): Promise<boolean> {
  try {
    await Deno.mkdir(join(RUNS_FOLDER, name));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw error;
  }
}

function assertRunName(name: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name)) return;
  throw new UsageError(
    `--run cannot be ${JSON.stringify(name)}: expected a name of letters, ` +
      `digits, ".", "_" and "-" that begins with a letter or digit`,
  );
}
