/**
 * metrics.jsonl: one JSON object an epoch.
 *
 * @module
 */

import type { EpochEvent } from "../../lib/training/events.ts";
import { meanSpeed } from "../../lib/training/metrics.ts";
import { readEpochLines } from "./epoch_lines.ts";

/** One line of the file. */
export interface EpochMetrics {
  readonly epoch: number;
  /** Nats per token. */
  readonly loss: number;
  readonly perplexity: number;
  readonly tokens: number;
  readonly seconds: number;
  /** Missing where the epoch was resumed behind its last minibatch. */
  readonly tokens_per_second?: number;
  /** Mean global norm before clipping. */
  readonly gradient_norm: number;
  readonly learning_rate: number;
  /** Nats per token of the held-out text; the same as perplexity and in bits. */
  readonly validation_loss?: number;
  readonly validation_perplexity?: number;
  readonly validation_bits_per_token?: number;
  /** Minibatches whose gradient was not finite. */
  readonly skipped_minibatches: number;
  readonly device: string;
}

/** An epoch's line, as an object. */
export function epochMetrics(event: EpochEvent, device: string): EpochMetrics {
  return {
    epoch: event.epoch,
    loss: event.loss,
    perplexity: event.perplexity,
    tokens: event.tokens,
    seconds: event.seconds,
    ...event.seconds > 0 && { tokens_per_second: event.tokensPerSecond },
    gradient_norm: event.gradientNorm,
    learning_rate: event.learningRate,
    ...event.validation && {
      validation_loss: event.validation.loss,
      validation_perplexity: event.validation.perplexity,
      validation_bits_per_token: event.validation.bitsPerToken,
    },
    skipped_minibatches: event.skipped,
    device,
  };
}

/** Measurements that every line has. */
const NEEDED = ["loss", "perplexity", "seconds"] as const;

/**
 * The measurements of a run's epochs so far, each once; none where there is no such
 * file. What is no line of measurements is passed over.
 */
export async function readMetrics(path: string): Promise<EpochMetrics[]> {
  const byEpoch = new Map<number, EpochMetrics>();
  for (const line of await readEpochLines(path)) {
    const metrics = Object.fromEntries(
      Object.entries(line).map(([key, value]) => [
        key,
        key !== "device" && typeof value === "string" ? Number(value) : value, // "NaN"
      ]),
    ) as unknown as EpochMetrics;
    const isWhole = typeof metrics.device === "string" &&
      NEEDED.every((key) => typeof metrics[key] === "number");
    if (isWhole) byEpoch.set(line.epoch, metrics);
  }
  return [...byEpoch.values()];
}

/** How long epochs took together, and how fast they were; NaN where that is unknown. */
export function speedOf(metrics: readonly EpochMetrics[]) {
  const epochs = metrics.map(({ seconds, tokens_per_second }) => ({
    seconds,
    tokensPerSecond: tokens_per_second,
  }));
  const seconds = epochs.reduce((sum, epoch) => sum + epoch.seconds, 0);
  return { seconds, tokensPerSecond: meanSpeed(epochs) };
}

/** One of the measurements by epoch. */
export function points(
  metrics: readonly EpochMetrics[],
  of: keyof EpochMetrics,
): { x: number; y: number }[] {
  return metrics.map((one) => ({ x: one.epoch, y: Number(one[of]) }));
}
