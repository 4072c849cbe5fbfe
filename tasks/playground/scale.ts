/**
 * Axes: where values lie, and which are worth a line.
 *
 * @module
 */

/**
 * Round values from at most `least` to at least `most` for an axis whose steps are
 * factors: 1, 2, 5, 10, 20, 50, …
 */
export function logTicks(least: number, most: number): number[] {
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(least));; power++) {
    for (const digit of [1, 2, 5]) {
      const tick = digit * 10 ** power;
      if (tick <= least * (1 + 1e-9)) ticks.length = 0;
      ticks.push(tick);
      if (tick >= most * (1 - 1e-9) && ticks.length > 1) return ticks;
    }
  }
}

/** Whole numbers from 0 up to `most`, about `count` of them, evenly apart. */
export function wholeTicks(most: number, count: number): number[] {
  const rough = Math.max(1, most / count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((digit) => digit * power)
    .find((step) => step >= rough) ?? 10 * power;
  return Array.from(
    { length: Math.floor(most / step) + 1 },
    (_, i) => i * step,
  );
}
