/**
 * Another program on the same work, in alternation with weena.
 *
 * @module
 */

import { EXIT, TaskError } from "../cli/exit.ts";
import type { Sizes } from "./training_model.ts";

/** A line that the program printed. */
export interface PeerLine {
  readonly tokens_per_second: number;
  /** What the line is of; `peer` where it does not say. */
  readonly variant: string;
}

/** Rates of one round: weena's, then the program's. */
export interface Pair {
  readonly variant: string;
  readonly weena: number;
  readonly peer: number;
  /** weena / peer: above 1 weena is faster. */
  readonly ratio: number;
}

/**
 * Runs the program and weena in turns.
 *
 * @param command A shell's command line that prints JSON lines, each with a number
 * `tokens_per_second` and, if there are several, a name `variant`.
 * @param sizes What it is told to do, by variables of its environment.
 * @param measure Measures weena once, in tokens a second.
 */
export async function alternate(
  command: string,
  sizes: Sizes,
  rounds: number,
  measure: () => Promise<number>,
): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (let round = 0; round < rounds; round++) {
    const weena = await measure();
    const lines = await runPeer(command, sizes);
    for (const { variant, tokens_per_second: peer } of lines) {
      pairs.push({ variant, weena, peer, ratio: weena / peer });
    }
  }
  return pairs;
}

async function runPeer(
  command: string,
  { cell, hiddenSize, batchSize, numSteps }: Sizes,
): Promise<PeerLine[]> {
  const [shell, flag] = Deno.build.os === "windows"
    ? ["cmd", "/c"]
    : ["sh", "-c"];
  const { code, stdout, stderr } = await new Deno.Command(shell, {
    args: [flag, command],
    env: {
      CELL: cell,
      HIDDEN_SIZE: String(hiddenSize),
      BATCH_SIZE: String(batchSize),
      NUM_STEPS: String(numSteps),
    },
  }).output();
  const decoder = new TextDecoder();
  const lines = decoder.decode(stdout).split("\n").flatMap(parseLine);
  if (code === 0 && lines.length > 0) return lines;
  const last = decoder.decode(stderr).trim().split("\n").at(-1);
  throw new TaskError(
    EXIT.input,
    `--peer: the command ended with ${code} and ${lines.length} lines of JSON ` +
      `with a number tokens_per_second${last ? ` (${last})` : ""}`,
  );
}

function parseLine(line: string): PeerLine[] {
  try {
    const { tokens_per_second, variant = "peer" } = JSON.parse(line);
    if (!(tokens_per_second > 0)) return [];
    return [{ tokens_per_second, variant: String(variant) }];
  } catch {
    return []; // a line that is not JSON
  }
}
