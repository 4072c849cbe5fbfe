/**
 * Trainings whose GPU is lost again and again, at any dispatch.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { randomInteger } from "../../lib/random.ts";
import { tokenize } from "../../lib/tokenize.ts";
import type { TrainOptions } from "../../lib/train.ts";
import { encodeCheckpoint } from "../../lib/training/checkpoint.ts";
import { WEBGPU } from "../backend/devices.ts";
import { losing } from "../backend/lost_devices.ts";
import { type Run, run, timeless } from "../training/run.ts";
import type { Torture } from "./tools/torture.ts";

const CORPUS = tokenize(
  "the time traveller for so it will be convenient to speak of him " +
    "was expounding a recondite matter to us his grey eyes shone",
  { validation: 0.2 },
);

const SETTINGS = {
  hiddenSize: 4,
  batchSize: 2,
  numSteps: 5,
  epochs: 12,
  init: "uniform",
  optimizer: "adam",
} as const satisfies TrainOptions;

/** Dispatches of an epoch, about. */
const EPOCH = 190;

/** Losses in one training. */
const LOSSES = 10;

/** The case; a trial is a loss. */
export const torture: Torture = {
  name: "device-loss",
  summary: "loses the GPU at dispatches drawn from the seed",
  count: 100,
  async run({ seed, count, say }) {
    if (WEBGPU.ignore !== undefined) {
      say(`left out: ${WEBGPU.ignore}`);
      return;
    }
    for (let done = 0; done < count; done += LOSSES) {
      const losses = Math.min(LOSSES, count - done);
      await assertUndisturbed(seed + done, losses);
      say(`${done + losses} losses left no trace`);
    }
  },
};

/** One training without, and one with so many losses: both give the same. */
async function assertUndisturbed(seed: number, losses: number): Promise<void> {
  const cell = (["rnn", "gru", "lstm"] as const)[seed % 3];
  const options = { ...SETTINGS, cell, checkpointEvery: 1 + seed % 2, seed };
  const whole = await trained([], options);
  const places = Array.from(
    { length: losses },
    (_, item) => randomInteger(seed, { stream: "shuffle", item }, 1, 2 * EPOCH),
  );
  const disturbed = await trained(places, options);
  for (const key of ["order", "epochs", "bests", "checkpoints"] as const) {
    assertEquals(disturbed[key], whole[key], `seed ${seed}: ${key}`);
  }
}

/** What a training gives, to compare. */
async function trained(places: readonly number[], options: TrainOptions) {
  const { open, opened } = losing(places);
  using backends = new DisposableStack();
  const next = async () => backends.use(await open());
  let now = 0;
  const clock = () => now += 60_000; // no two losses within a minute
  const result = await run(CORPUS, await next(), {
    ...options,
    clock,
    reopen: next,
  });
  assertEquals(opened(), places.length + 1, "a device was not lost");
  return await comparable(result);
}

async function comparable({ order, epochs, bests, checkpoints }: Run) {
  return {
    order,
    epochs: epochs.map(timeless),
    bests: await Promise.all(bests.map(encodeCheckpoint)),
    checkpoints: await Promise.all(checkpoints.map(encodeCheckpoint)),
  };
}
