import { UsageError } from "./flags.ts";

/** How often something is done: by time or by epochs; the other is 0. */
export interface Interval {
  readonly seconds: number;
  readonly epochs: number;
}

/** Seconds of a unit of time. */
const UNITS = { s: 1, m: 60, h: 3600 };

/**
 * Reads `30s`, `5m`, `2h` or `50 epochs`.
 *
 * @throws {UsageError} If it is none of these, or nothing.
 */
export function readInterval(flag: string, text: string): Interval {
  const time = /^(\d+(?:\.\d+)?) ?(s|m|h)$/.exec(text);
  if (time && Number(time[1]) > 0) {
    const unit = UNITS[time[2] as keyof typeof UNITS];
    return { seconds: Number(time[1]) * unit, epochs: 0 };
  }
  const epochs = /^(\d+) ?epochs?$/.exec(text);
  if (epochs && Number(epochs[1]) > 0) {
    return { seconds: 0, epochs: Number(epochs[1]) };
  }
  throw new UsageError(
    `--${flag} cannot be ${
      JSON.stringify(text)
    }: expected a time such as 30s, ` +
      `5m or 1h, or a number of epochs such as "50 epochs"`,
  );
}
