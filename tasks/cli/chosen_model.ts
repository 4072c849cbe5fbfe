/**
 * Which model a task reads: what the last rename left, without a lock.
 *
 * @module
 */

import { join } from "@std/path";
import {
  type Checkpoint,
  decodeModel,
  type ImportedModel,
} from "../../lib/training/checkpoint.ts";
import { BUNDLED_MODEL_NOTE, bundledModelPath } from "./bundled_model.ts";
import { readHeader } from "./checkpoint_header.ts";
import type { TextFlag } from "./command.ts";
import { EXIT, TaskError } from "./exit.ts";
import { exists } from "./files.ts";
import { UsageError } from "./flags.ts";
import { firstSound, readModel } from "./read_model.ts";
import { type RunPaths, RUNS_FOLDER } from "./run_paths.ts";
import { findRun, noModel, runsByAge, suggestion } from "./runs.ts";
import { say } from "./terminal.ts";

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
    help: "a checkpoint file, instead of a run",
  } as TextFlag,
} as const;

/** Values of {@linkcode MODEL_FLAGS}. */
export interface ModelFlags {
  readonly run?: string;
  readonly checkpoint?: string;
}

/** How long to wait for a file that was there a moment ago, in milliseconds. */
const RETRY_MILLISECONDS = 100;

/** Reads the model that the flags ask for, which may be imported. */
export async function loadModel(
  flags: ModelFlags,
): Promise<{ path: string; model: Checkpoint | ImportedModel }> {
  const { run, checkpoint: path } = flags;
  assertOneModel(flags);
  if (path !== undefined) {
    return { path, model: await readModel(path, decodeModel) };
  }
  const chosen = await chosenRun(run);
  if (typeof chosen === "string") {
    return { path: chosen, model: await readModel(chosen, decodeModel) };
  }
  try {
    return await loadUsed(chosen);
  } catch (error) {
    // A save may have taken a file away between our looking and our reading.
    if (!(error instanceof TaskError) || error.exitCode !== EXIT.files) {
      throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MILLISECONDS));
    return await loadUsed(chosen);
  }
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
    "there is neither a checkpoint nor a run " +
      `${JSON.stringify(pathOrRun)}` +
      await suggestion(pathOrRun),
  );
}

/** The file that the flags ask for, whatever is in it. */
export async function checkpointPath(flags: ModelFlags): Promise<string> {
  assertOneModel(flags);
  if (flags.checkpoint !== undefined) return flags.checkpoint;
  const run = await chosenRun(flags.run);
  if (typeof run === "string") return run;
  return await usesBest(run) ? run.best : run.checkpoint;
}

/**
 * A run by its name, or the newest, or where there is none the path of the model that
 * comes with weena; what was chosen is said on stderr.
 */
async function chosenRun(name: string | undefined): Promise<RunPaths | string> {
  if (name !== undefined) return await findRun(name);
  const [newest] = await runsByAge();
  if (newest) {
    say(`run ${newest.name}, the newest`);
    return newest;
  }
  const bundled = await bundledModelPath();
  if (bundled !== undefined) {
    say(BUNDLED_MODEL_NOTE);
    return bundled;
  }
  throw noModel();
}

function assertOneModel({ run, checkpoint }: ModelFlags): void {
  if (run === undefined || checkpoint === undefined) return;
  throw new UsageError(
    "--run and --checkpoint both choose a model: use only one of " +
      "them",
  );
}

/** The model of a run to use: the best where a text was held out, else the last. */
async function loadUsed(
  run: RunPaths,
): Promise<{ path: string; model: Checkpoint | ImportedModel }> {
  const last = [run.checkpoint, run.previous];
  const order = await usesBest(run) ? [run.best, ...last] : [...last, run.best];
  const there: string[] = [];
  for (const path of order) if (await exists(path)) there.push(path);
  if (there.length > 0) return await firstSound(there, decodeModel);
  throw new TaskError(
    EXIT.files,
    `the run "${run.name}" has no model yet: it saves the first one ` +
      "within the time set by --checkpoint-every",
  );
}

/** Whether a run's best model was found by a text that was held out. */
async function usesBest({ best }: RunPaths): Promise<boolean> {
  if (!await exists(best)) return false;
  try {
    const { metadata } = await readHeader(best);
    const { validationTokens } = JSON.parse(metadata("corpus") ?? "{}");
    return validationTokens > 0;
  } catch {
    return true; // what is wrong with it is said where it is read
  }
}
