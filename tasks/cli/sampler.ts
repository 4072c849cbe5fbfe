import type { Corpus } from "../../lib/text/corpus.ts";
import type { TrainedModel } from "../../lib/training/checkpoint.ts";
import { continued } from "./continued.ts";
import { type SampleStart, sampleStarts } from "../shared/sample_starts.ts";
import { say } from "./terminal.ts";
import type { TrainingDevice } from "./training_device.ts";

/** Lets a model in training write; where it cannot, that is said once. */
export class Sampler {
  readonly #starts: readonly SampleStart[];
  readonly #device: TrainingDevice;
  #isTold = false;

  constructor(corpus: Corpus, device: TrainingDevice) {
    this.#starts = sampleStarts(corpus);
    this.#device = device;
  }

  /** Text by what it begins with: the first start, or all of them. */
  async continue(
    model: TrainedModel,
    all: boolean,
  ): Promise<ReadonlyMap<string, string>> {
    const texts = new Map<string, string>();
    for (const { ids, text } of all ? this.#starts : this.#starts.slice(0, 1)) {
      try {
        texts.set(text, await continued(model, ids, this.#device.backend));
      } catch (error) {
        if (!this.#isTold) say(`no sample: ${(error as Error).message}`);
        this.#isTold = true;
      }
    }
    return texts;
  }
}
