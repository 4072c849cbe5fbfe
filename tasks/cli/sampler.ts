import type { Backend } from "../../lib/backend/backend.ts";
import type { Corpus } from "../../lib/text/corpus.ts";
import type { TrainedModel } from "../../lib/training/checkpoint.ts";
import { continued } from "./continued.ts";
import { type SampleStart, sampleStarts } from "../shared/sample_starts.ts";
import { say } from "./terminal.ts";

/** Lets a model in training write; where it cannot, that is said once. */
export class Sampler {
  readonly #starts: readonly SampleStart[];
  readonly #backend: Backend;
  #isTold = false;

  constructor(corpus: Corpus, backend: Backend) {
    this.#starts = sampleStarts(corpus);
    this.#backend = backend;
  }

  /** Text by what it begins with: the first start, or all of them. */
  async continue(
    model: TrainedModel,
    all: boolean,
  ): Promise<ReadonlyMap<string, string>> {
    const texts = new Map<string, string>();
    for (const { ids, text } of all ? this.#starts : this.#starts.slice(0, 1)) {
      try {
        texts.set(text, await continued(model, ids, this.#backend));
      } catch (error) {
        if (!this.#isTold) say(`no sample: ${(error as Error).message}`);
        this.#isTold = true;
      }
    }
    return texts;
  }
}
