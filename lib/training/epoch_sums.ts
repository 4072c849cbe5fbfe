/**
 * What the minibatches of an epoch come to: its mean loss, its speed, its summary.
 *
 * @module
 */

import type { EpochEvent } from "./events.ts";
import { perplexity } from "./metrics.ts";
import type { MinibatchResult } from "./resume_data.ts";

/** The measurements of an epoch that its minibatches give. */
export type EpochSummary = Omit<
  EpochEvent,
  "type" | "epoch" | "validation" | "learningRate"
>;

/** Sums over minibatches; those that were skipped are left out. */
interface Sums {
  /** Nats. */
  readonly loss: number;
  /** The norm of each minibatch times its tokens. */
  readonly norm: number;
  readonly tokens: number;
  /** How long some of the minibatches took, the skipped ones too, and their tokens. */
  readonly seconds: number;
  readonly timedTokens: number;
}

const NOTHING: Sums = {
  loss: 0,
  norm: 0,
  tokens: 0,
  seconds: 0,
  timedTokens: 0,
};

/**
 * The minibatches of one epoch so far. It is never changed: adding some gives another.
 *
 * @example
 * ```ts
 * import { EpochSums } from "./epoch_sums.ts";
 *
 * const none = new EpochSums(100);
 * const sums = none
 *   .add([{ loss: 3, norm: 1 }, { loss: NaN, norm: Infinity }], 2)
 *   .add([{ loss: 2, norm: 1 }], 2);
 * console.assert(sums.loss === 2.5 && sums.tokensPerSecond === 50);
 * console.assert(sums.summary.skipped === 1 && none.measured.length === 0);
 * ```
 */
export class EpochSums {
  /** Each minibatch, the skipped ones too. */
  readonly measured: readonly MinibatchResult[];
  /** Tokens of a minibatch. */
  readonly tokensEach: number;
  readonly #sums: Sums;

  /** Without the second and third argument: the beginning of an epoch. */
  constructor(
    tokensEach: number,
    measured: readonly MinibatchResult[] = [],
    sums = NOTHING,
  ) {
    this.tokensEach = tokensEach;
    this.measured = measured;
    this.#sums = sums;
  }

  /**
   * With more minibatches.
   *
   * @param seconds How long they took; those for which that is not known have no part
   * in the speed.
   */
  add(results: readonly MinibatchResult[], seconds?: number): EpochSums {
    let { loss, norm, tokens } = this.#sums;
    for (const result of results) {
      if (isSkipped(result)) continue;
      loss += result.loss * this.tokensEach;
      norm += result.norm * this.tokensEach;
      tokens += this.tokensEach;
    }
    const timed = seconds === undefined ? 0 : tokens - this.#sums.tokens;
    return new EpochSums(this.tokensEach, [...this.measured, ...results], {
      loss,
      norm,
      tokens,
      seconds: this.#sums.seconds + (seconds ?? 0),
      timedTokens: this.#sums.timedTokens + timed,
    });
  }

  /** Mean cross-entropy, in nats per token; NaN where there is nothing to measure. */
  get loss(): number {
    return this.#sums.loss / this.#sums.tokens;
  }

  /** Tokens per second; 0 where no minibatch was timed. */
  get tokensPerSecond(): number {
    const { seconds, timedTokens } = this.#sums;
    return seconds > 0 ? timedTokens / seconds : 0;
  }

  /** The epoch's measurements, if these were all its minibatches. */
  get summary(): EpochSummary {
    const { norm, tokens, seconds } = this.#sums;
    const { loss, measured, tokensPerSecond } = this;
    return {
      loss,
      perplexity: perplexity(loss),
      tokens,
      gradientNorm: norm / tokens,
      skipped: measured.filter(isSkipped).length,
      seconds,
      tokensPerSecond,
      losses: measured.map((result) => result.loss),
      gradientNorms: measured.map((result) => result.norm),
    };
  }
}

/** Whether a minibatch changed nothing, since its gradient was not finite. */
export function isSkipped({ norm }: MinibatchResult): boolean {
  return !Number.isFinite(norm);
}
