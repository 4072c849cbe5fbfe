/**
 * metrics.jsonl: one JSON object an epoch.
 *
 * @module
 */

import type { EpochEvent } from "../../lib/training/trainer.ts";

/** One line of the file. */
export interface EpochMetrics {
  readonly epoch: number;
  /** Nats per token. */
  readonly loss: number;
  readonly perplexity: number;
  readonly tokens: number;
  readonly seconds: number;
  readonly tokens_per_second: number;
  /** Mean global norm before clipping. */
  readonly gradient_norm: number;
  readonly learning_rate: number;
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
    tokens_per_second: event.tokensPerSecond,
    gradient_norm: event.gradientNorm,
    learning_rate: event.learningRate,
    skipped_minibatches: event.skipped,
    device,
  };
}

/** Appends text to a file that is made on opening; a line is written in one piece. */
export class LineFile implements Disposable {
  readonly #file: Deno.FsFile;

  constructor(path: string) {
    this.#file = Deno.openSync(path, { createNew: true, write: true });
  }

  append(line: string): void {
    let bytes = new TextEncoder().encode(line);
    while (bytes.length > 0) {
      bytes = bytes.subarray(this.#file.writeSync(bytes));
    }
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}
