/**
 * How much work to hand over to a device at once.
 *
 * A readback costs a device milliseconds of idleness, so work is queued up in
 * chunks; but a signal, a timer or a page must not wait, so a chunk is to take
 * about a tenth of a second, and between chunks the event loop has its turn.
 *
 * @module
 */

/**
 * A clock in milliseconds. It determines how work is divided, and never affects the
 * results.
 */
export type Clock = () => number;

/** The clock of the platform. */
export const monotonicClock: Clock = () => performance.now();

/**
 * Size of the next chunk, from how long the last one took: aims at
 * `targetMilliseconds` and at most quadruples.
 *
 * @example
 * ```ts
 * import { nextChunkSize } from "./pace.ts";
 *
 * console.assert(nextChunkSize(8, 200, { targetMilliseconds: 100, limit: 64 }) === 4);
 * ```
 */
export function nextChunkSize(
  size: number,
  milliseconds: number,
  { targetMilliseconds, limit }: {
    readonly targetMilliseconds: number;
    readonly limit: number;
  },
): number {
  const factor = Math.min(4, targetMilliseconds / Math.max(milliseconds, 1e-3));
  return Math.max(1, Math.min(limit, Math.floor(size * factor)));
}

/** The longest that signals and sockets wait for a turn of their own, in milliseconds. */
const REST_EVERY = 250;

/**
 * Gives the event loop its turns: timers, a page's events, signals. A message to
 * oneself takes a twentieth of the time that the shortest timer does, but a runtime
 * that finds one does not look at the system's signals: so a timer now and then.
 */
export function turns(clock: Clock): () => Promise<void> {
  let rested = clock();
  return async () => {
    if (clock() - rested < REST_EVERY) return await turn();
    await new Promise((resolve) => setTimeout(resolve, 0));
    rested = clock();
  };
}

/** A turn for messages and timers: a message to oneself, which costs little. */
export function turn(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      port2.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

/** What a chunk is to take, unless its results are wanted more often. */
const CHUNK_MILLISECONDS = 80;

/**
 * The pace of work that is cut into chunks.
 *
 * @example
 * ```ts
 * import { Pace } from "./pace.ts";
 *
 * const pace = new Pace(() => 0, { limit: 6 });
 * const sizes: number[] = [];
 * for (let done = 0; done < 11;) {
 *   const { size } = pace;
 *   await pace.timed(() => Promise.resolve());
 *   await pace.turn();
 *   sizes.push(size);
 *   done += size;
 * }
 * console.assert(sizes.join() === "1,4,6");
 * ```
 */
export class Pace {
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #targetMilliseconds: number;
  readonly #takeTurn: () => Promise<void>;
  #size = 1;
  /** When the event loop had its last turn. */
  #turned: number;

  /** Begins with a chunk of size 1; none is larger than `limit`. */
  constructor(
    clock: Clock,
    { limit, targetMilliseconds = CHUNK_MILLISECONDS }: {
      readonly limit: number;
      readonly targetMilliseconds?: number;
    },
  ) {
    this.#clock = clock;
    this.#limit = limit;
    this.#targetMilliseconds = targetMilliseconds;
    this.#takeTurn = turns(clock);
    this.#turned = clock();
  }

  /** How much the next chunk is to hold. */
  get size(): number {
    return this.#size;
  }

  /** Works on a chunk of {@linkcode size}; how long that takes sets the next size. */
  async timed<T>(
    work: () => Promise<T>,
  ): Promise<{ readonly result: T; readonly milliseconds: number }> {
    const begun = this.#clock();
    const result = await work();
    const milliseconds = this.#clock() - begun;
    this.took(milliseconds);
    return { result, milliseconds };
  }

  /** Sets the next size, from how long a chunk of some size took. */
  took(milliseconds: number, size = this.#size): void {
    this.#size = nextChunkSize(size, milliseconds, {
      targetMilliseconds: this.#targetMilliseconds,
      limit: this.#limit,
    });
  }

  /** Gives the event loop its turn, if half a chunk's time has passed since the last. */
  async turn(): Promise<void> {
    const waited = this.#clock() - this.#turned;
    if (waited <= this.#targetMilliseconds / 2) return;
    await this.#takeTurn();
    this.#turned = this.#clock();
  }
}
