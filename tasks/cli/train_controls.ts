import type { TrainControls } from "../../lib/train.ts";
import { readInterval } from "./interval.ts";

/** Epochs from one sample to the next. */
const SAMPLE_EVERY = 10;

/** When training is to save and to sample, by --checkpoint-every. */
export function trainControls(checkpointEvery: string): TrainControls {
  const { epochs, seconds } = readInterval("checkpoint-every", checkpointEvery);
  return {
    checkpointEvery: epochs,
    checkpointSeconds: seconds,
    sampleEvery: SAMPLE_EVERY,
    progress: true,
  };
}
