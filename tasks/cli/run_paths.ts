/**
 * Where a run has its files: data/runs/NAME.
 *
 * @module
 */

import { join } from "@std/path";
import { DATA_FOLDER } from "./data_folder.ts";

/** Where runs are kept. */
export const RUNS_FOLDER = join(DATA_FOLDER, "runs");

/** The files of a run. */
export interface RunPaths {
  readonly name: string;
  readonly folder: string;
  /** The model as it was last. */
  readonly checkpoint: string;
  /** The checkpoint before that. */
  readonly previous: string;
  /** The best model: see `CheckpointEvent`. */
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
  /**
   * Locked while a task writes into the folder; empty except for the number of that
   * task.
   */
  readonly lock: string;
}

/** The files of the run of a name, whether it is there or not. */
export function runPaths(name: string, runs = RUNS_FOLDER): RunPaths {
  const folder = join(runs, name);
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
    lock: join(folder, ".lock"),
  };
}

/** What of a run is worth keeping: its models, the one to go on from first. */
export function modelPaths(run: RunPaths): readonly string[] {
  return [run.checkpoint, run.previous, run.best];
}
