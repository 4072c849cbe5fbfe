/**
 * What it costs to read from a device.
 *
 * @module
 */

import { train } from "../../../lib/train.ts";
import type { Backend } from "../../../lib/backend/backend.ts";
import { median, ROUNDS } from "../measure.ts";
import { type Sizes, TrainingModel } from "../training_model.ts";
import { MINIBATCHES, shortCorpus, shortTraining } from "./short_epochs.ts";

/** Times of reads. */
export interface ReadbackResult extends Sizes {
  /** Milliseconds of a read on a device that has nothing to do. */
  readonly idle: number;
  /** Milliseconds of two such reads, both asked for before either is awaited. */
  readonly two: number;
  /** Milliseconds of a chunk of 8 minibatches and its read, awaited at once. */
  readonly awaited: number;
  /** The same where a read is awaited only once the next chunk is queued. */
  readonly overlapped: number;
  /** Epochs a second of `train`, of 8 minibatches each. */
  readonly epochsPerSecond: number;
  /** The same with a text held out, of 2 minibatches. */
  readonly epochsPerSecondValidated: number;
}

/** Epochs that a training warms up with. */
const WARM_UP = 1;

/** Times reads alone, beside work, and in training. */
export async function benchReadback(
  backend: Backend,
  sizes: Sizes,
  seconds: number,
): Promise<ReadbackResult> {
  using model = new TrainingModel(backend, sizes);
  const probe = backend.allocate([1]);
  const read = () => backend.read(probe);
  const queue = () => {
    for (let i = 0; i < MINIBATCHES; i++) model.minibatch();
    return read();
  };
  await queue();
  const idle = await rounds(read);
  const two = await rounds(() => Promise.all([read(), read()]));
  const awaited = await rounds(queue);
  let before = queue();
  const overlapped = await rounds(async () => {
    const next = queue();
    await before;
    before = next;
  });
  await before;
  backend.free(probe);
  const epochsPerSecond = await epochRate(backend, sizes, false, seconds);
  const epochsPerSecondValidated = await epochRate(
    backend,
    sizes,
    true,
    seconds,
  );
  return {
    ...sizes,
    idle,
    two,
    awaited,
    overlapped,
    epochsPerSecond,
    epochsPerSecondValidated,
  };
}

/** Milliseconds that a run takes, the median of some. */
async function rounds(run: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  return median(times);
}

/** Epochs a second of a training that goes on until the time is over. */
async function epochRate(
  backend: Backend,
  sizes: Sizes,
  hasValidation: boolean,
  seconds: number,
): Promise<number> {
  const corpus = shortCorpus(sizes, hasValidation);
  const options = { ...shortTraining(sizes), epochs: 1_000_000 };
  let start = 0, now = 0, epochs = 0;
  for await (const event of train(corpus, backend, options)) {
    if (event.type !== "epoch") continue;
    epochs = event.epoch;
    now = performance.now();
    if (epochs <= WARM_UP) start = now;
    else if (now - start >= 1000 * seconds) break;
  }
  return 1000 * (epochs - WARM_UP) / (now - start);
}
