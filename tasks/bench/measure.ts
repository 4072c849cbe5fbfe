/**
 * Timing of work that is queued up on a device.
 *
 * @module
 */

import type { Backend } from "../../lib/backend/backend.ts";

/** Times of one piece of work, in seconds. */
export interface Timing {
  readonly median: number;
  readonly best: number;
}

/** How many rounds a measurement has: enough for a median. */
export const ROUNDS = 5;

/**
 * Times `run`, which queues work on the backend: a warm-up, then rounds of as many
 * runs as fill the time. Each round ends with a readback, whose own cost on an idle
 * device is taken off.
 *
 * @param seconds About how long all rounds take together.
 */
export async function time(
  backend: Backend,
  run: () => void,
  seconds: number,
): Promise<Timing> {
  const probe = backend.allocate([1]);
  const round = async (runs: number) => {
    const start = performance.now();
    for (let i = 0; i < runs; i++) run();
    await backend.read(probe);
    return (performance.now() - start) / 1000;
  };
  await round(1);
  const idle = Math.min(await round(0), await round(0), await round(0));
  let runs = 1;
  for (;;) { // doubles until a round is long enough to be told from its readback
    const taken = await round(runs) - idle;
    if (taken > Math.max(seconds / ROUNDS / 4, idle)) {
      runs = Math.max(1, Math.round(runs * seconds / ROUNDS / taken));
      break;
    }
    runs *= 2;
  }
  const times: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    times.push((await round(runs) - idle) / runs);
  }
  backend.free(probe);
  return { median: median(times), best: Math.min(...times) };
}

/** The middle one, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? sorted[middle]
    : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Throws an Error unless both hold the same numbers, within `tolerance`. */
export function verify(
  what: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
): void {
  for (let i = 0; i < expected.length; i++) {
    if (Math.abs(actual[i] - expected[i]) <= tolerance) continue;
    throw new Error(
      `${what}: element ${i} is ${actual[i]}, the reference has ` +
        `${expected[i]}: a wrong result is not worth timing`,
    );
  }
}
