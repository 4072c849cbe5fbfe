/**
 * What a run's folder holds, read without the tasks: the judge of the cases.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import {
  type Checkpoint,
  decodeCheckpoint,
} from "../../../lib/training/checkpoint.ts";

/** Files that training does not come to the same end without. */
const KEPT = [
  "model.safetensors",
  "best.safetensors",
  "metrics.jsonl",
  "samples.jsonl",
  "commands.txt",
];

/** A file's bytes; undefined where there is none. */
export function bytesOf(path: string): Uint8Array | undefined {
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** A checkpoint of a run; undefined where there is none, an error if it is damaged. */
export async function checkpointOf(
  folder: string,
  name: "model" | "previous" | "best",
): Promise<Checkpoint | undefined> {
  const bytes = bytesOf(join(folder, `${name}.safetensors`));
  return bytes && await decodeCheckpoint(bytes);
}

/**
 * How many epochs the run can go on from: those of model.safetensors, which has to
 * be sound, or where a save was cut off between two renames, of the one before or
 * the best; 0 where there is none.
 */
export async function savedEpochs(folder: string): Promise<number> {
  const saved = await checkpointOf(folder, "model") ??
    await checkpointOf(folder, "previous") ??
    await checkpointOf(folder, "best");
  return saved?.progress.epochs ?? 0;
}

/** Whether there is anything to resume from. */
export function hasCheckpoint(folder: string): boolean {
  return ["model", "previous", "best"].some((name) =>
    bytesOf(join(folder, `${name}.safetensors`)) !== undefined
  );
}

/**
 * The lines of metrics.jsonl, less what a clock had a part in; one that is no JSON
 * as it is.
 */
export function metricsOf(folder: string): Record<string, unknown>[] {
  return linesOf(join(folder, "metrics.jsonl")).map((line) => {
    try {
      const { seconds: _, tokens_per_second: __, ...rest } = JSON.parse(line);
      return rest;
    } catch {
      return { line };
    }
  });
}

/** The lines of a text file; none where there is no such file. */
export function linesOf(path: string): string[] {
  const text = new TextDecoder().decode(bytesOf(path) ?? new Uint8Array());
  return text.split("\n").filter((line) => line !== "");
}

/** The names in a folder, sorted; none where there is no such folder. */
export function namesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Names in a run's folder that one that was never disturbed has not. */
export function straysIn(disturbed: string, undisturbed: string): string[] {
  const expected = [...namesIn(undisturbed), "previous.safetensors"];
  return namesIn(disturbed).filter((name) => !expected.includes(name));
}

/**
 * Throws an AssertionError unless a run that was disturbed came to the same end as
 * one that was not: the weights and the best ones to the bit, an epoch's metrics
 * once each, the samples, and no file that the other has not.
 *
 * @param what The disturbance, for the message.
 */
export function assertSameRun(
  disturbed: string,
  undisturbed: string,
  what: string,
): void {
  const metrics = metricsOf(disturbed);
  const epochs = (folder: string) =>
    metricsOf(folder).map(({ epoch }) => epoch).join(" ");
  const [found, expected] = [epochs(disturbed), epochs(undisturbed)];
  assert(
    found === expected,
    `${what}: metrics.jsonl has the epochs "${found}", not "${expected}"`,
  );
  const expectedMetrics = metricsOf(undisturbed).map((line) =>
    JSON.stringify(line)
  );
  for (const [i, line] of metrics.entries()) {
    const text = JSON.stringify(line);
    assert(
      text === expectedMetrics[i],
      `${what}: a line of metrics.jsonl is ${text}, not ${expectedMetrics[i]}`,
    );
  }
  for (const name of ["model.safetensors", "best.safetensors"]) {
    assertSameFile(join(disturbed, name), join(undisturbed, name), what);
  }
  assertEquals(
    linesOf(join(disturbed, "samples.jsonl")),
    linesOf(join(undisturbed, "samples.jsonl")),
    `${what}: samples.jsonl`,
  );
  const strays = straysIn(disturbed, undisturbed);
  assertEquals(strays, [], `${what}: files too many`);
  const names = namesIn(disturbed);
  const missing = namesIn(undisturbed).filter((name) =>
    KEPT.includes(name) && !names.includes(name)
  );
  assertEquals(missing, [], `${what}: files too few`);
}

/** Throws an AssertionError unless two files have the same bytes, or are not there. */
export function assertSameFile(one: string, other: string, what: string): void {
  const [a, b] = [bytesOf(one), bytesOf(other)];
  const same = a === undefined || b === undefined
    ? a === b
    : a.length === b.length && a.every((value, i) => value === b[i]);
  assert(
    same,
    `${what}: ${one} ${a ? "has other bytes than" : "is missing, unlike"} ` +
      other,
  );
}
