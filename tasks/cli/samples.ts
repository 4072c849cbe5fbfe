/**
 * samples.jsonl: what a model said after an epoch.
 *
 * @module
 */

import { readEpochLines } from "./epoch_lines.ts";

/** One line of the file. */
export interface Sample {
  readonly epoch: number;
  readonly prefix: string;
  /** The prefix and how the model went on. */
  readonly text: string;
}

/** A run's samples so far; what is none is passed over, as is a file that is not there. */
export async function readSamples(path: string): Promise<Sample[]> {
  const lines = await readEpochLines(path);
  return lines.flatMap(({ epoch, prefix, text }) =>
    typeof prefix === "string" && typeof text === "string"
      ? [{ epoch, prefix, text }]
      : []
  );
}
