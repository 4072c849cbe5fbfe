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
  const { batchSize: B } = options;
  const parts: { mean: number; weight: number }[] = [];
  for await (
    const { lengths, losses } of textLosses(model, backend, ids, options)
  ) {
    lengths.forEach((length, i) =>
      parts.push({ mean: losses[i], weight: length * B })
    );
  }
  const tokens = parts.reduce((sum, { weight }) => sum + weight, 0);
  if (tokens < Math.floor((ids.length - 1) / B) * B) return undefined;
  const loss = weightedMean(parts);
  return {
    loss,
    perplexity: perplexity(loss),
    bitsPerToken: loss / Math.LN2,
    tokens,
  };
}
