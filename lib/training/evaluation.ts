import { Allocation } from "../backend/allocation.ts";
import type { Backend } from "../backend/backend.ts";
import type { LanguageModel } from "../model/language_model.ts";
import { perplexity, weightedMean } from "./metrics.ts";
import { type Clock, nextChunkSize, turns } from "./pace.ts";

/** How well a text was predicted. */
export interface Prediction {
  /** Mean cross-entropy, in nats per token. */
  readonly loss: number;
  /** `exp(loss)`. */
  readonly perplexity: number;
  /** `loss / ln 2`. */
  readonly bitsPerToken: number;
  /** Tokens predicted. */
  readonly tokens: number;
}

/** The most pieces between two readbacks, and what they are to take. */
const PIECES = { limit: 64, targetMilliseconds: 80 };

/**
 * Measures how well a model predicts a text, which is read as `batchSize` stretches
 * of the same length side by side, each from the zero state on. In one stretch every
 * token but the first is predicted; of more, up to `batchSize − 1` at the end are
 * left out. The model's state is lost.
 *
 * @param numSteps The most steps that the model takes at once.
 * @returns Undefined if the signal was given before the end.
 */
export async function measure(
  model: LanguageModel,
  backend: Backend,
  ids: ArrayLike<number>,
  { batchSize: B, numSteps: T, clock, signal }: {
    readonly batchSize: number;
    readonly numSteps: number;
    readonly clock: Clock;
    readonly signal?: AbortSignal;
  },
): Promise<Prediction | undefined> {
  const columns = Math.floor((ids.length - 1) / B);
  const limit = Math.min(Math.ceil(columns / T), PIECES.limit);
  using allocation = new Allocation(backend);
  const inputs = allocation.tensor([limit * T, B], "u32");
  const targets = allocation.tensor([limit * T, B], "u32");
  const losses = allocation.tensor([limit]);
  const parts: { mean: number; tokens: number }[] = [];
  const takeTurn = turns(clock);
  model.resetState();
  for (let begin = 0, size = 1; begin < columns;) {
    if (signal?.aborted) return undefined;
    const started = clock();
    const end = Math.min(columns, begin + size * T);
    for (const [tensor, ahead] of [[inputs, 0], [targets, 1]] as const) {
      // Time-major: column t of every stretch, then column t + 1.
      const values = Uint32Array.from(
        { length: (end - begin) * B },
        (_, i) => ids[i % B * columns + begin + Math.floor(i / B) + ahead],
      );
      backend.write(tensor.view(0, [end - begin, B]), values);
    }
    const lengths: number[] = [];
    for (let at = 0; at < end - begin; at += T) {
      const shape = [Math.min(T, end - begin - at), B];
      model.forward(inputs.view(at * B, shape));
      model.loss(targets.view(at * B, shape), losses.at(lengths.length));
      model.carryState();
      lengths.push(shape[0]);
    }
    const means = await backend.read(losses.view(0, [lengths.length]));
    lengths.forEach((length, i) =>
      parts.push({ mean: means[i], tokens: length * B })
    );
    begin = end;
    size = nextChunkSize(size, clock() - started, { ...PIECES, limit });
    await takeTurn();
  }
  const loss = weightedMean(parts);
  return {
    loss,
    perplexity: perplexity(loss),
    bitsPerToken: loss / Math.LN2,
    tokens: columns * B,
  };
}
