/**
 * What is known of a run without reading its weights.
 *
 * @module
 */

import { join } from "@std/path";
import { assertConfig, type ModelConfig } from "../../lib/model/config.ts";
import { parameterCount } from "../../lib/model/parameters.ts";
import { splitSafetensors } from "../../lib/safetensors.ts";
import type { Checkpoint } from "../../lib/training/checkpoint.ts";
import { exists } from "./files.ts";
import { type EpochMetrics, readMetrics } from "./metrics.ts";
import type { RunPaths } from "./runs.ts";

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

/** The longest header that is read. */
const MOST_HEADER = 100_000_000;

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
    const json = (key: string) => JSON.parse(metadata(key));
    const config = json("config") as ModelConfig;
    assertConfig(config);
    const isTrained = metadata("training") !== "null";
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

/** Metadata of a checkpoint, `"null"` where it is missing, and when it was written. */
async function readHeader(
  path: string,
): Promise<{ metadata: (key: string) => string; time: Date }> {
  using file = await Deno.open(path);
  const { size, mtime } = await file.stat();
  const start = new Uint8Array(8);
  if (size < 8) throw new SyntaxError("its model.safetensors is too short");
  await readFull(file, start);
  const length = Number(new DataView(start.buffer).getBigUint64(0, true));
  const bytes = new Uint8Array(8 + Math.min(length, size - 8, MOST_HEADER));
  bytes.set(start);
  await readFull(file, bytes.subarray(8));
  const { header } = splitSafetensors(bytes);
  const entries = header.get("__metadata__");
  let end = 0;
  for (const [name, entry] of header) {
    if (name === "__metadata__" || !(entry instanceof Map)) continue;
    const offsets = entry.get("data_offsets");
    if (Array.isArray(offsets)) end = Math.max(end, Number(offsets[1]));
  }
  if (size !== 8 + length + end) {
    throw new SyntaxError("its model.safetensors is cut off");
  }
  return {
    metadata: (key) => {
      const value = entries instanceof Map && entries.get(`weena.${key}`);
      return typeof value === "string" ? value : "null";
    },
    time: mtime ?? new Date(0),
  };
}

async function readFull(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const read = await file.read(bytes.subarray(at));
    if (read === null) {
      throw new SyntaxError("its model.safetensors is cut off");
    }
    at += read;
  }
}

async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (isFile) bytes += (await Deno.stat(join(folder, name))).size;
  }
  return bytes;
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
