/**
 * How much work to hand over to a device at once.
 *
 * A readback costs a device milliseconds of idleness, so work is queued up in
 * chunks; but a signal, a timer or a page must not wait, so a chunk is to take
 * about a tenth of a second.
 *
 * @module
 */

/** A clock in milliseconds. It decides how work is cut up, never what it gives. */
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

/**
 * Gives the event loop its turn: signals, timers, a page's events. A message to
 * oneself takes a twentieth of the time that the shortest timer does.
 */
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
