/**
 * What is known of a run without reading its weights.
 *
 * @module
 */

import { FormatError } from "../../lib/input_error.ts";
import { join } from "@std/path";
import type { ModelConfig } from "../../lib/model/config.ts";
import { parameterCount } from "../../lib/model/parameters.ts";
import {
  assertVersion,
  configOf,
  isTrained,
  trainingOf,
  type TrainingOrigin,
} from "../../lib/training/checkpoint_metadata.ts";
import { readHeader } from "./checkpoint_header.ts";
import { exists, isTemporary } from "./files.ts";
import { type EpochMetrics, readMetrics, speedOf } from "./metrics.ts";
import { modelPaths, type RunPaths } from "./run_paths.ts";

/** A run as lists show it. */
export interface RunSummary {
  readonly name: string;
  readonly config: ModelConfig;
  readonly parameters: number;
  /** Undefined where the model was imported. */
  readonly trained?: TrainingOrigin;
  readonly metrics: readonly EpochMetrics[];
  /** Mean over all epochs; not finite where none has been measured. */
  readonly tokensPerSecond: number;
  /** That its epochs took. */
  readonly seconds: number;
  /** When its model was written last. */
  readonly time: Date;
  /** Of all its files. */
  readonly bytes: number;
  /** What is wrong with its model, where what is shown is of an earlier one or the best. */
  readonly problem?: string;
}

/** A folder that is no run, or one that is damaged. */
export interface BrokenRun {
  readonly name: string;
  readonly broken: string;
  readonly time: Date;
}

/** Reads a run's header and metrics; what is wrong with it is said, not thrown. */
export async function summarize(
  run: RunPaths,
): Promise<RunSummary | BrokenRun> {
  const { name } = run;
  try {
    const header = await firstSoundHeader(run);
    if (header === undefined) {
      const { mtime, isDirectory } = await Deno.stat(run.folder);
      const broken = !isDirectory
        ? "not a run: it is not a folder"
        : await exists(run.metrics)
        ? "no checkpoint yet"
        : "not a run: it has no model.safetensors";
      return { name, broken, time: mtime ?? new Date(0) };
    }
    const { config, trained, time, problem } = header;
    const metrics = await readMetrics(run.metrics);
    return {
      name,
      config,
      parameters: parameterCount(config),
      ...trained && { trained },
      metrics,
      ...speedOf(metrics),
      time,
      bytes: await folderBytes(run.folder),
      ...problem !== undefined && { problem },
    };
  } catch (error) {
    const broken = `damaged: ${(error as Error).message}`;
    return { name, broken, time: new Date(0) };
  }
}

type Header = Pick<RunSummary, "config" | "trained" | "time" | "problem">;

/**
 * What the first of a run's models says of itself that is sound; undefined where there
 * is none. Throws what is wrong with the first where all are damaged.
 */
async function firstSoundHeader(run: RunPaths): Promise<Header | undefined> {
  let first: Error | undefined;
  for (const path of modelPaths(run)) {
    try {
      const header = await readModelHeader(path);
      return first ? { ...header, problem: first.message } : header;
    } catch (error) {
      const isMissing = error instanceof Deno.errors.NotFound ||
        (error as { code?: string }).code === "ENOTDIR";
      if (!isMissing) first ??= error as Error;
    }
  }
  if (first) throw first;
}

async function readModelHeader(path: string): Promise<Header> {
  const { isFile } = await Deno.stat(path);
  if (!isFile) throw new FormatError(`${path} is not a file`); // a pipe has no end
  const { metadata, time } = await readHeader(path);
  if (metadata("config") === undefined) {
    throw new FormatError(`${path} does not hold a model from weena`);
  }
  try {
    assertVersion(metadata);
    const config = configOf(metadata);
    return isTrained(metadata)
      ? { config, trained: trainingOf(metadata), time }
      : { config, time };
  } catch (error) {
    throw new FormatError(`${path}: ${(error as Error).message}`);
  }
}

async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (!isFile || isTemporary(name)) continue;
    try {
      bytes += (await Deno.stat(join(folder, name))).size;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error; // just gone
    }
  }
  return bytes;
}
