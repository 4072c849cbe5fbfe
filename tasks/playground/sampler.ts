/**
 * What a model writes while it is trained: as often as its device can, yet so that
 * most of the time goes to training.
 *
 * @module
 */

import { weightedMean } from "../../lib/training/metrics.ts";
import {
  type Backend,
  type Checkpoint,
  perplexity,
  type TrainingState,
} from "../../mod.ts";
import type { Notice } from "./protocol.ts";
import { usablePrefix, write } from "./writing.ts";

/** How samples are drawn, and how long they are. */
const SAMPLE = { length: 140, temperature: 0.7, topP: 1, seed: 1 };

/** The least milliseconds between two, and what multiple of the time one takes. */
const PAUSE = 1000, SHARE = 5;

/** Writes samples. */
export class Sampler {
  #last = -Infinity;
  #took = 0;

  /** A sample; undefined if the last was but now, unless there is to be one. */
  async sample(
    checkpoint: Checkpoint,
    backend: Backend,
    prefix: string,
    isWanted: boolean,
  ): Promise<Notice | undefined> {
    const begun = performance.now();
    const pause = Math.max(PAUSE, SHARE * this.#took);
    if (!isWanted && begun - this.#last < pause) return;
    const { progress, state, loss } = checkpoint;
    const pieces: string[] = [];
    const request = { ...SAMPLE, prefix: usablePrefix(checkpoint, prefix) };
    await write(checkpoint, backend, request, {
      onPiece: (piece) => pieces.push(piece),
    });
    this.#last = performance.now();
    this.#took = this.#last - begun;
    return {
      kind: "sample",
      epoch: progress.epochs,
      perplexity: perplexity(progress.epochs > 0 ? loss : meanLoss(state)),
      prefix: pieces[0],
      text: pieces.slice(1).join(""),
    };
  }
}

/** Mean loss of the minibatches of the epoch that is not finished. */
export function meanLoss(state: TrainingState | undefined): number {
  return weightedMean(
    (state?.measured ?? []).filter(({ norm }) => Number.isFinite(norm))
      .map(({ loss }) => ({ mean: loss, weight: 1 })),
  );
}
