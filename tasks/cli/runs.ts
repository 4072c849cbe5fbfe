/**
 * The runs that there are: by name, by age, and which of them can be resumed.
 *
 * @module
 */

import { readHeader } from "./checkpoint_header.ts";
import { EXIT, TaskError } from "./exit.ts";
import { reasonOf } from "./file_error.ts";
import { exists } from "./files.ts";
import { didYouMean, nearest } from "./nearest.ts";
import { readRunName } from "./run_name.ts";
import {
  modelPaths,
  type RunPaths,
  runPaths,
  RUNS_FOLDER,
} from "./run_paths.ts";
import { say } from "./terminal.ts";

/** The error where no run has a model. */
export function noModel(): TaskError {
  return new TaskError(
    EXIT.files,
    `there is no trained model in ${RUNS_FOLDER}: run deno task train first`,
  );
}

/** A run by its name, or the newest that holds the state of its training. */
export async function findTrainedRun(
  name: string | undefined,
): Promise<RunPaths> {
  if (name !== undefined) return await findRun(name);
  const runs = await runsByAge();
  for (const run of runs) if (await canGoOn(run)) return run;
  if (runs.length === 0) throw noModel();
  throw new TaskError(
    EXIT.files,
    `no run in ${RUNS_FOLDER} can be resumed: deno task runs lists ` +
      "them",
  );
}

/** A run by its name, whatever it holds. */
export async function findRun(name: string): Promise<RunPaths> {
  const run = runPaths(readRunName(name));
  if (await exists(run.folder)) return run;
  throw new TaskError(
    EXIT.files,
    `there is no run ${JSON.stringify(name)} in ${RUNS_FOLDER}` +
      await suggestion(name),
  );
}

/** Every folder in data/runs, whatever it holds. */
export async function allRuns(): Promise<RunPaths[]> {
  const found: RunPaths[] = [];
  try {
    for await (const { name, isFile } of Deno.readDir(RUNS_FOLDER)) {
      if (!isFile && !name.startsWith(".")) found.push(runPaths(name));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found;
}

/** What else a name may have meant: behind a message. */
export async function suggestion(name: string): Promise<string> {
  const names = (await allRuns()).map((run) => run.name);
  if (names.length === 0) return ": there are no runs yet";
  return didYouMean(nearest(name, names)) + " (deno task runs lists them all)";
}

/** Runs with a model, that which was written last first. */
export async function runsByAge(): Promise<RunPaths[]> {
  const found: { run: RunPaths; time: number }[] = [];
  for (const run of await allRuns()) {
    const times: number[] = [];
    for (const path of modelPaths(run)) {
      try {
        times.push((await Deno.stat(path)).mtime?.getTime() ?? 0);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) {
          say(`note: ${run.folder} is skipped: ${reasonOf(error)}`);
          break;
        }
      }
    }
    if (times.length > 0) found.push({ run, time: Math.max(...times) });
  }
  // A clock that was wrong must not hide what came after.
  const now = Date.now();
  const age = (time: number) => time > now ? Infinity : now - time;
  found.sort((a, b) =>
    age(a.time) === age(b.time)
      ? b.time - a.time || (a.run.name < b.run.name ? 1 : -1)
      : age(a.time) - age(b.time)
  );
  return found.map(({ run }) => run);
}

/** Whether a run holds the state of a training. */
async function canGoOn(run: RunPaths): Promise<boolean> {
  for (const path of modelPaths(run)) {
    try {
      const { metadata } = await readHeader(path);
      if (metadata("state") !== undefined) return true;
    } catch {
      // Missing or damaged: another of its models may do.
    }
  }
  return false;
}
