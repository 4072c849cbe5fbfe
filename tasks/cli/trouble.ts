import type { EpochEvent } from "../../lib/training/events.ts";
import { perplexityText } from "../shared/perplexity_text.ts";

/** Epochs in a row after which something is no accident. */
const MOST_EPOCHS = 3;

/** How many times its own best a perplexity may be. */
const MOST_TIMES = 10;

/** Notices a training that does not get better, though all its numbers are finite. */
export class TroubleWatch {
  readonly #vocabularySize: number;
  readonly #learningRate: number;
  #best: number;
  #above = 0;
  #far = 0;
  #isTold = false;

  /** @param perplexities Of the epochs that were done before. */
  constructor(
    vocabularySize: number,
    learningRate: number,
    perplexities: readonly number[],
  ) {
    this.#vocabularySize = vocabularySize;
    this.#learningRate = learningRate;
    this.#best = perplexities.filter(Number.isFinite)
      .reduce((least, one) => Math.min(least, one), Infinity);
  }

  /** What to say after an epoch, once in a training; nothing where all is well. */
  epoch(
    { perplexity }: Pick<EpochEvent, "perplexity">,
    isLast: boolean,
  ): string | undefined {
    // NaN is above everything.
    this.#above = perplexity <= this.#vocabularySize ? 0 : this.#above + 1;
    this.#far = perplexity <= MOST_TIMES * this.#best ? 0 : this.#far + 1;
    if (perplexity < this.#best) this.#best = perplexity;
    if (this.#isTold) return undefined;
    const enough = isLast ? 1 : MOST_EPOCHS;
    const lower = `: try a lower --learning-rate (it is ${this.#learningRate})`;
    const shown = perplexityText(perplexity);
    let advice: string | undefined;
    if (this.#above >= enough) {
      advice = Number.isFinite(perplexity)
        ? `note: the perplexity, ${shown}, is above the size of the ` +
          `vocabulary, ${this.#vocabularySize}, so guessing would be ` +
          "better" +
          lower
        : `note: the perplexity is ${shown}` + lower;
    } else if (this.#far >= enough) {
      advice = `note: the perplexity, ${shown}, is far above its best value, ` +
        `${perplexityText(this.#best)}` +
        lower;
    }
    this.#isTold = advice !== undefined;
    return advice;
  }
}
