/**
 * metrics.jsonl: one JSON object an epoch.
 *
 * @module
 */

import type { EpochEvent } from "../../lib/training/trainer.ts";
import { EXIT, TaskError } from "./run_task.ts";

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
    tokens_per_second: event.tokensPerSecond,
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

/** metrics.jsonl while its run is trained; no other process can open it then. */
export class MetricsFile implements Disposable {
  readonly #file: Deno.FsFile;

  /**
   * Opens the file, and makes it if it is not there.
   *
   * @param epochs How many epochs' lines are kept; those of later epochs, which a
   * checkpoint does not know, and a torn one go.
   * @throws {TaskError} If another process trains the run.
   */
  constructor(path: string, epochs: number) {
    this.#file = Deno.openSync(path, { create: true, read: true, write: true });
    if (!this.#file.tryLockSync(true)) {
      this.#file.close();
      throw new TaskError(
        EXIT.files,
        `another process is training this run: ${path} is locked`,
      );
    }
    const kept = keptBytes(Deno.readFileSync(path), epochs);
    this.#file.truncateSync(kept);
    this.#file.seekSync(kept, Deno.SeekMode.Start);
  }

  /** Appends one line, in one piece. */
  append(line: string): void {
    let bytes = new TextEncoder().encode(line);
    while (bytes.length > 0) {
      bytes = bytes.subarray(this.#file.writeSync(bytes));
    }
  }

  /** Waits until all lines are on the disk. */
  sync(): void {
    this.#file.syncSync();
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}

/** How long the lines of the first epochs are, in bytes. */
function keptBytes(bytes: Uint8Array, epochs: number): number {
  let kept = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const end = bytes.indexOf(0x0a, kept);
    if (end < 0) break;
    kept = end + 1;
  }
  return kept;
}
