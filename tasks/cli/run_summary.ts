/**
 * What is known of a run without reading its weights.
 *
 * @module
 */

import { join } from "@std/path";
import { assertConfig, type ModelConfig } from "../../lib/model/config.ts";
import { parameterCount } from "../../lib/model/parameters.ts";
import type { Checkpoint } from "../../lib/training/checkpoint.ts";
import { readHeader } from "./checkpoint_header.ts";
import { exists, isTemporary } from "./files.ts";
import { type EpochMetrics, readMetrics } from "./metrics.ts";
import type { RunPaths } from "./run_paths.ts";

/** A run as lists show it. */
export interface RunSummary {
  readonly name: string;
  readonly config: ModelConfig;
  readonly parameters: number;
  /** Undefined where the model was imported. */
  readonly trained?: Pick<Checkpoint, "corpus" | "training" | "progress">;
  readonly metrics: readonly EpochMetrics[];
  /** Mean over all epochs; NaN where there is none. */
  readonly tokensPerSecond: number;
  /** That its epochs took. */
  readonly seconds: number;
  /** When its model was written last. */
  readonly time: Date;
  /** Of all its files. */
  readonly bytes: number;
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
    if (!await exists(run.checkpoint)) {
      const time = (await Deno.stat(run.folder)).mtime ?? new Date(0);
      const broken = await exists(run.metrics)
        ? "no checkpoint yet"
        : "no run: it has no model.safetensors";
      return { name, broken, time };
    }
    const { metadata, time } = await readHeader(run.checkpoint);
    const json = (key: string) => JSON.parse(metadata(key) ?? "null");
    const config = json("config") as ModelConfig;
    assertConfig(config);
    const isTrained = metadata("training") !== undefined;
    const metrics = await readMetrics(run.metrics);
    const seconds = sum(metrics.map((one) => one.seconds));
    const tokens = sum(
      metrics.map((one) => one.tokens_per_second * one.seconds),
    );
    return {
      name,
      config,
      parameters: parameterCount(config),
      ...isTrained && {
        trained: {
          corpus: json("corpus"),
          training: json("training"),
          progress: json("progress"),
        },
      },
      metrics,
      tokensPerSecond: tokens / seconds,
      seconds,
      time,
      bytes: await folderBytes(run.folder),
    };
  } catch (error) {
    const broken = `damaged: ${(error as Error).message}`;
    return { name, broken, time: new Date(0) };
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

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
