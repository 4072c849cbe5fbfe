/**
 * What a task writes to a stream, without waiting for who reads it.
 *
 * @module
 */

import { EXIT, TaskError } from "./exit.ts";
import { reasonOf } from "./file_error.ts";

/** What a stream has to be able to do: `Deno.stdout`. */
interface Stream {
  write(bytes: Uint8Array): Promise<number>;
}

/** How much may wait before what nobody misses is left out, in bytes. */
const MOST_BYTES = 2 ** 14;

/** How long to wait for a stream that is not ready and does not block, in milliseconds. */
const RETRY_MILLISECONDS = 5;

/**
 * A queue before a stream. Whoever reads may stop for hours (a pager, a terminal
 * that was halted, a pipe that nobody empties), and a program that stands in a write
 * hears no signal: so text is taken at once, and written when it can be.
 */
export class Output {
  readonly #stream: () => Stream;
  readonly #name: string;
  readonly #failed = new AbortController();
  #waiting: Uint8Array[] = [];
  #bytes = 0; // of what waits
  #writing?: Promise<void>;

  /** @param stream Asked for at every write. */
  constructor(name: string, stream: () => Stream) {
    this.#name = name;
    this.#stream = stream;
  }

  /** Aborted, with a {@linkcode TaskError}, when nothing more can be written. */
  get failure(): AbortSignal {
    return this.#failed.signal;
  }

  /** Whether text waits for a reader. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Whether so much waits that the reader seems to have gone for a while. */
  get isBehind(): boolean {
    return this.#bytes > MOST_BYTES;
  }

  /** Writes a text, after all that came before; nothing once writing has failed. */
  write(text: string): void {
    if (text === "" || this.failure.aborted) return;
    const bytes = new TextEncoder().encode(text);
    this.#waiting.push(bytes);
    this.#bytes += bytes.length;
    this.#writing ??= this.#writeAll();
  }

  /** Waits until all is written. Throws a {@linkcode TaskError} if it cannot be. */
  async drained(): Promise<void> {
    await this.#writing;
    this.failure.throwIfAborted();
  }

  async #writeAll(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        await this.#writeWhole(this.#waiting[0]);
        this.#bytes -= this.#waiting.shift()!.length;
      }
    } catch (error) {
      this.#waiting = [];
      this.#bytes = 0;
      this.#failed.abort(this.#failureOf(error));
    } finally {
      this.#writing = undefined;
    }
  }

  async #writeWhole(bytes: Uint8Array): Promise<void> {
    while (bytes.length > 0) {
      try {
        bytes = bytes.subarray(await this.#stream().write(bytes));
      } catch (error) {
        // The other end of the pipe has set it not to block.
        if (!(error instanceof Deno.errors.WouldBlock)) throw error;
        await new Promise((ready) => setTimeout(ready, RETRY_MILLISECONDS));
      }
    }
  }

  #failureOf(error: unknown): TaskError {
    return error instanceof Deno.errors.BrokenPipe
      ? new TaskError(EXIT.brokenPipe, `nobody reads ${this.#name} any more`)
      : new TaskError(
        EXIT.files,
        `cannot write to ${this.#name}: ${reasonOf(error)}`,
      );
  }
}
