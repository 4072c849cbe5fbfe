/**
 * The curves of a run as pictures.
 *
 * @module
 */

import type { Chart } from "./chart.ts";
import { type EpochMetrics, points } from "./metrics.ts";
import { type Draw, loadPlotting } from "./plotting.ts";
import { interruption } from "./interrupt.ts";
import { say } from "./terminal.ts";

/** Draws when the packages for it are there; training does not wait for them. */
export class Pictures {
  #loading?: Promise<Draw | undefined>;
  #draw?: Draw;

  /** What draws; undefined while it is being loaded, and where it cannot be. */
  get ready(): Draw | undefined {
    this.#load();
    return this.#draw;
  }

  /**
   * The same, waited for: so many milliseconds at the most, and no longer than until
   * a signal comes.
   *
   * @returns `"late"` where it is still being loaded then.
   */
  async within(milliseconds: number): Promise<Draw | "late" | undefined> {
    const signal = interruption();
    let end = () => {};
    const late = new Promise<"late">((resolve) => end = () => resolve("late"));
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener("abort", end, { once: true });
    const draw = await Promise.race([this.#load(), late]);
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
    return draw;
  }

  #load(): Promise<Draw | undefined> {
    return this.#loading ??= loadPlotting().then((draw) => {
      this.#draw = draw;
      return draw;
    }, (error) => {
      const reason = (error as Error).message.split("\n")[0];
      say(
        "no plots: the package that draws them cannot be loaded " +
          `(${reason})`,
      );
      return undefined;
    });
  }
}

/** Training and validation, as d2l's Animator draws them. */
export function perplexityChart(metrics: readonly EpochMetrics[]): Chart {
  const curves = [{ name: "training", points: points(metrics, "perplexity") }];
  if (metrics.some((one) => one.validation_perplexity !== undefined)) {
    const held = points(metrics, "validation_perplexity");
    curves.push({ name: "validation", points: held });
  }
  return { label: "perplexity", curves };
}

/** Every picture of a report, by name. */
export function drawAll(
  draw: Draw,
  metrics: readonly EpochMetrics[],
): Record<string, string> {
  const one = (
    label: string,
    of: keyof EpochMetrics,
    scale: Pick<Chart, "log" | "zero"> = {},
  ) => {
    const curves = [{ name: label, points: points(metrics, of) }];
    return draw({ label, height: 200, curves, ...scale });
  };
  const fromZero = { log: false, zero: true };
  return {
    Perplexity: draw(perplexityChart(metrics)),
    "Gradient norm, before clipping": one("gradient norm", "gradient_norm"),
    "Learning rate": one("learning rate", "learning_rate", fromZero),
    Speed: one("tokens/s", "tokens_per_second", fromZero),
  };
}
