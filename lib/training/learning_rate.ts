/** Every learning-rate schedule by its name. */
export const LEARNING_RATE_SCHEDULES = [
  "constant",
  "step",
  "cosine",
  "linear",
] as const;

/** How the learning rate decreases after warm-up, until the end of training. */
export type LearningRateSchedule = typeof LEARNING_RATE_SCHEDULES[number];

/** Settings of {@linkcode learningRateAt}. */
export interface LearningRateSettings {
  /** The rate at the end of warm-up, from which the schedule starts. */
  readonly learningRate: number;
  readonly schedule: LearningRateSchedule;
  /** Number of warm-up epochs: at least 0 and below `epochs`, not necessarily whole. */
  readonly warmup: number;
  /** For `step`: number of epochs between two drops, above 0. */
  readonly stepSize: number;
  /** For `step`: factor of each drop. */
  readonly gamma: number;
  /** Number of epochs of the whole training. */
  readonly epochs: number;
}

/**
 * The learning rate of a minibatch. It rises by as much at every minibatch of the
 * warm-up, from one such part to the whole, then is multiplied, with `p` from 0 to 1
 * for how much of the rest is done, by
 *
 *     constant 1     linear 1 − p     cosine ½ (1 + cos πp)     step gamma^⌊epoch / stepSize⌋
 *
 * Source: d2l 11.11; Loshchilov and Hutter 2017 for `cosine`.
 *
 * @param position How many epochs are done: the minibatch `index` of `count` in
 * `epoch`, all from 0 on, is at `epoch + index / count`.
 * @param part What share of an epoch the minibatch is, `1 / count`.
 *
 * @example
 * ```ts
 * import { learningRateAt } from "./learning_rate.ts";
 *
 * const settings = {
 *   learningRate: 1,
 *   schedule: "linear",
 *   warmup: 2,
 *   stepSize: 1,
 *   gamma: 0.1,
 *   epochs: 12,
 * } as const;
 * console.assert(learningRateAt(settings, 0.5, 0.5) === 0.5);
 * console.assert(learningRateAt(settings, 7, 0.5) === 0.5);
 * ```
 */
export function learningRateAt(
  { learningRate, schedule, warmup, stepSize, gamma, epochs }:
    LearningRateSettings,
  position: number,
  part: number,
): number {
  // Rounding must not make a whole of 0.1 + 0.9 fall short of 1.
  if (position + part / 2 < warmup) {
    return learningRate * Math.min(1, (position + part) / warmup);
  }
  const p = Math.max(0, (position - warmup) / (epochs - warmup));
  switch (schedule) {
    case "constant":
      return learningRate;
    case "linear":
      return learningRate * (1 - p);
    case "cosine":
      return learningRate * (1 + Math.cos(Math.PI * p)) / 2;
    case "step": {
      const falls = Math.floor((position - warmup + part / 2) / stepSize);
      return learningRate * gamma ** Math.max(0, falls);
    }
  }
}
