import type { Backend } from "../backend/backend.ts";
import type { LanguageModel } from "../model/language_model.ts";
import { perplexity, weightedMean } from "./metrics.ts";
import { type ReadingOptions, textLosses } from "./text_losses.ts";

/** How well a text was predicted. */
export interface Prediction {
  /** Mean cross-entropy, in nats per token. */
  readonly loss: number;
  /** `exp(loss)`. */
  readonly perplexity: number;
  /** `loss / ln 2`. */
  readonly bitsPerToken: number;
  /** Number of tokens predicted. */
  readonly tokens: number;
}

/**
 * Measures how well a model predicts a text, which is read as {@linkcode textLosses}
 * does.
 *
 * @returns Undefined if the signal was given before the end.
 */
export async function measure(
  model: LanguageModel,
  backend: Backend,
  ids: ArrayLike<number>,
  options: Omit<ReadingOptions, "perToken">,
): Promise<Prediction | undefined> {
  const { batchSize } = options;
  const parts: MeasuredPart[] = [];
  for await (
    const { lengths, losses } of textLosses(model, backend, ids, options)
  ) {
    lengths.forEach((numSteps, i) => parts.push({ loss: losses[i], numSteps }));
  }
  const prediction = predictionOf(parts, batchSize);
  const whole = Math.floor((ids.length - 1) / batchSize) * batchSize;
  return prediction.tokens < whole ? undefined : prediction;
}

/** A part of a text that was predicted. */
export interface MeasuredPart {
  /** Its mean cross-entropy, in nats per token. */
  readonly loss: number;
  /** How many tokens of each row were predicted. */
  readonly numSteps: number;
}

/** How well a text was predicted, of which these are the parts. */
export function predictionOf(
  parts: readonly MeasuredPart[],
  batchSize: number,
): Prediction {
  const weighted = parts.map(({ loss, numSteps }) => ({
    mean: loss,
    weight: numSteps * batchSize,
  }));
  const loss = weightedMean(weighted);
  return {
    loss,
    perplexity: perplexity(loss),
    bitsPerToken: loss / Math.LN2,
    tokens: weighted.reduce((sum, { weight }) => sum + weight, 0),
  };
}
