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

/** How long one stream waits for what was said before on another, in milliseconds. */
const ORDER_MILLISECONDS = 100;

/** How long to wait for a stream that is not ready and does not block, in milliseconds. */
const RETRY_MILLISECONDS = 5;

/** How many texts have been taken, by all outputs. */
let texts = 0;

/**
 * A queue before a stream. Whoever reads may stop for hours (a pager, a terminal
 * that was halted, a pipe that nobody empties), and a program that stands in a write
 * hears no signal: so text is taken at once, and written when it can be.
 */
export class Output {
  readonly #stream: () => Stream;
  readonly #name: string;
  readonly #failed = new AbortController();
  readonly #others: Output[];
  #waiting: { readonly bytes: Uint8Array; readonly number: number }[] = [];
  #bytes = 0; // of what waits
  #began = 0; // when the text that waits first came to be the first
  #writing?: Promise<void>;

  /**
   * @param stream Asked for at every write.
   * @param others Outputs that may lead to the same terminal, to which this one is
   * added: texts are written in the order in which they came, on whichever of them,
   * except for a reader that keeps one of them waiting.
   */
  constructor(name: string, stream: () => Stream, others: Output[] = []) {
    this.#name = name;
    this.#stream = stream;
    this.#others = others;
    others.push(this);
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
    if (!this.isWaiting) this.#began = performance.now();
    this.#waiting.push({ bytes, number: texts++ });
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
        const { bytes, number } = this.#waiting[0];
        this.#began = performance.now();
        await this.#inOrder(number);
        await this.#writeWhole(bytes);
        this.#bytes -= bytes.length;
        this.#waiting.shift();
      }
    } catch (error) {
      this.#waiting = [];
      this.#bytes = 0;
      this.#failed.abort(this.#failureOf(error));
    } finally {
      this.#writing = undefined;
    }
  }

  /** Waits until all that came before a text is written, unless that is held up. */
  async #inOrder(number: number): Promise<void> {
    for (const other of this.#others) {
      while (
        (other.#waiting[0]?.number ?? Infinity) < number &&
        performance.now() - other.#began < ORDER_MILLISECONDS
      ) await new Promise((resolve) => setTimeout(resolve, 0));
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
      ? new TaskError(EXIT.brokenPipe, `nothing reads ${this.#name} any more`)
      : new TaskError(
        EXIT.files,
        `cannot write to ${this.#name}: ${reasonOf(error)}`,
      );
  }
}
