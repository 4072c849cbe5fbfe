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
import { say } from "./terminal.ts";

/** Where runs are kept. */
export const RUNS_FOLDER = join(DATA_FOLDER, "runs");

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
  readonly folder: string;
  /** The model as it was last. */
  readonly checkpoint: string;
  /** The checkpoint before that. */
  readonly previous: string;
  /** The model that predicted the held-out text best. */
  readonly best: string;
  /** Measurements of every epoch. */
  readonly metrics: string;
  /** What the model said now and then. */
  readonly samples: string;
  /** The command lines that trained it. */
  readonly commands: string;
  /** Perplexity by epoch, as a picture. */
  readonly curve: string;
  /** All of it on a page for people. */
  readonly report: string;
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
  await Deno.remove(run.folder, { recursive: true });
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

/** Reads the model that the flags ask for, which may be imported. */
export async function loadModel(
  flags: ModelFlags,
): Promise<{ path: string; model: Checkpoint | ImportedModel }> {
  return await firstSound(await modelPaths(flags), decodeModel);
}

/** Reads a model by the path of its file or the name of its run. */
export async function loadModelFrom(
  pathOrRun: string,
): Promise<Checkpoint | ImportedModel> {
  if (await exists(pathOrRun) && (await Deno.stat(pathOrRun)).isFile) {
    return (await loadModel({ checkpoint: pathOrRun })).model;
  }
  if (await exists(join(RUNS_FOLDER, pathOrRun))) {
    return (await loadModel({ run: pathOrRun })).model;
  }
  throw new TaskError(
    EXIT.files,
    `there is no checkpoint and no run ${JSON.stringify(pathOrRun)}`,
  );
}

/** Reads the last checkpoint of a run, or the one before where that is damaged. */
export async function loadLast(
  { checkpoint, previous }: RunPaths,
): Promise<{ path: string; model: Checkpoint }> {
  return await firstSound([checkpoint, previous], decodeCheckpoint);
}

/** Every folder in data/runs, whatever it holds. */
export async function allRuns(): Promise<RunPaths[]> {
  const found: RunPaths[] = [];
  try {
    for await (const { name, isFile } of Deno.readDir(RUNS_FOLDER)) {
      if (!isFile) found.push(runPaths(name));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found;
}

/** A run by its name, or the newest. */
export async function findRun(name: string | undefined): Promise<RunPaths> {
  if (name === undefined) return await newestRun();
  assertRunName(name);
  return runPaths(name);
}

/** The file that the flags ask for. */
export async function checkpointPath(flags: ModelFlags): Promise<string> {
  const [path] = await modelPaths(flags);
  return path;
}

/** The files that hold what the flags ask for, first of all a run's best model. */
async function modelPaths({ run, checkpoint }: ModelFlags): Promise<string[]> {
  if (run !== undefined && checkpoint !== undefined) {
    throw new UsageError(
      "--run and --checkpoint both choose a model: give one",
    );
  }
  if (checkpoint !== undefined) return [checkpoint];
  const { best, checkpoint: last, previous } = await findRun(run);
  return await exists(best) ? [best, last, previous] : [last, previous];
}

/** The first of some files that is whole; of those before it is said what is wrong. */
async function firstSound<Model>(
  [path, ...others]: readonly string[],
  decode: (bytes: Uint8Array) => Promise<Model>,
): Promise<{ path: string; model: Model }> {
  try {
    return { path, model: await readModel(path, decode) };
  } catch (error) {
    const [next] = others;
    if (next === undefined || !await exists(next)) throw error;
    say(`${(error as Error).message}; taking ${next}`);
    return await firstSound(others, decode);
  }
}

async function readModel<Model>(
  path: string,
  decode: (bytes: Uint8Array) => Promise<Model>,
): Promise<Model> {
  const bytes = await readWanted(path, "checkpoint");
  const foreign = foreignFormat(bytes);
  if (foreign) throw new TaskError(EXIT.input, `${path} is ${foreign}`);
  try {
    return await decode(bytes);
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    throw new TaskError(EXIT.input, `${path}: ${error.message}`);
  }
}

/** The run whose checkpoint was written last. */
async function newestRun(): Promise<RunPaths> {
  const found: { run: RunPaths; time: number }[] = [];
  try {
    for await (const { name } of Deno.readDir(RUNS_FOLDER)) {
      const run = runPaths(name);
      for (const path of [run.checkpoint, run.previous]) {
        if (!await exists(path)) continue; // a run that was cut off at its start
        const { mtime } = await Deno.stat(path);
        found.push({ run, time: mtime?.getTime() ?? 0 });
      }
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  found.sort((a, b) => b.time - a.time || (a.run.name < b.run.name ? 1 : -1));
  if (found.length > 0) return found[0].run;
  throw new TaskError(
    EXIT.files,
    `there is no trained model in ${RUNS_FOLDER}: run deno task train first`,
  );
}

function runPaths(name: string): RunPaths {
  const folder = join(RUNS_FOLDER, name);
  return {
    name,
    folder,
    checkpoint: join(folder, "model.safetensors"),
    previous: join(folder, "previous.safetensors"),
    best: join(folder, "best.safetensors"),
    metrics: join(folder, "metrics.jsonl"),
    samples: join(folder, "samples.jsonl"),
    commands: join(folder, "commands.txt"),
    curve: join(folder, "perplexity.svg"),
    report: join(folder, "report.html"),
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
