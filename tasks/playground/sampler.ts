/**
 * What a model writes while it is trained: as often as its device can, yet so that
 * most of the time goes to training.
 *
 * @module
 */

import type { Backend, TrainedModel } from "../../mod.ts";
import type { SampleNotice } from "./protocol.ts";
import { usablePrefix, write } from "./writing.ts";

/** How samples are drawn, and how long they are. */
const SAMPLE = { length: 140, temperature: 0.7, topP: 1, seed: 1 };

/** The least milliseconds between two, and what multiple of the time one takes. */
const PAUSE = 1000, SHARE = 5;

/** Lets a model in training write. */
export class Sampler {
  readonly #backend: () => Backend;
  #last = -Infinity;
  #took = 0;

  /** @param backend The device that is in use at the moment. */
  constructor(backend: () => Backend) {
    this.#backend = backend;
  }

  /** Whether enough time has gone by since the last sample. */
  get isDue(): boolean {
    const pause = Math.max(PAUSE, SHARE * this.#took);
    return performance.now() - this.#last >= pause;
  }

  /** A sample; undefined where there is nothing that it could begin with. */
  async sample(
    model: TrainedModel,
    wanted: string,
  ): Promise<Pick<SampleNotice, "prefix" | "text"> | undefined> {
    const prefix = usablePrefix(model, wanted);
    if (prefix === "") return undefined;
    const begun = performance.now();
    const pieces: string[] = [];
    const request = { ...SAMPLE, prefix };
    for await (const piece of write(model, this.#backend(), request)) {
      pieces.push(piece);
    }
    this.#last = performance.now();
    this.#took = this.#last - begun;
    return { prefix: pieces[0], text: pieces.slice(1).join("") };
  }
}
