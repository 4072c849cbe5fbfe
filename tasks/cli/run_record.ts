/**
 * The files of a run that people and programs read: kept up while it is trained.
 *
 * @module
 */

import type { Checkpoint } from "../../lib/training/checkpoint.ts";
import type { EpochEvent } from "../../lib/training/events.ts";
import { EpochLines } from "./epoch_lines.ts";
import { exists, writeWhole } from "./files.ts";
import {
  type EpochMetrics,
  epochMetrics,
  points,
  readMetrics,
} from "./metrics.ts";
import type { Chart } from "./chart.ts";
import { type Draw, loadPlotting } from "./plotting.ts";
import { report } from "./report.ts";
import type { RunPaths } from "./runs.ts";
import { readSamples, type Sample } from "./samples.ts";
import { jsonLine, say } from "./terminal.ts";

/** The least time from one drawing to the next, in milliseconds. */
const DRAW_MILLISECONDS = 5000;

/** The metrics, samples, curve and report of one run, while it is trained. */
export class RunRecord implements Disposable {
  readonly #run: RunPaths;
  readonly #metricsFile: EpochLines;
  readonly #samplesFile: EpochLines;
  #metrics: EpochMetrics[] = [];
  #samples: Sample[] = [];
  #drawn = performance.now();
  #draw?: Promise<Draw | undefined>;

  private constructor(run: RunPaths, done: number) {
    this.#run = run;
    this.#metricsFile = new EpochLines(run.metrics, done);
    this.#samplesFile = new EpochLines(run.samples, done);
  }

  /**
   * Opens a run's files; what they have of later epochs goes.
   *
   * @param done Epochs that are done.
   * @param command The command line that trains the run from here on.
   */
  static async open(
    run: RunPaths,
    done: number,
    command: string,
  ): Promise<RunRecord> {
    const record = new RunRecord(run, done);
    record.#metrics = await readMetrics(run.metrics);
    record.#samples = await readSamples(run.samples);
    const before = await exists(run.commands)
      ? await Deno.readTextFile(run.commands)
      : "";
    await writeText(run.commands, `${before}${command}\n`);
    return record;
  }

  /** Perplexity of each epoch so far. */
  perplexities(): number[] {
    return this.#metrics.map(({ perplexity }) => perplexity);
  }

  /** Takes an epoch's measurements down, and its curve now and then; its line. */
  async epoch(event: EpochEvent, device: string): Promise<string> {
    const metrics = epochMetrics(event, device);
    this.#metrics.push(metrics);
    const line = jsonLine(metrics);
    this.#metricsFile.append(line);
    if (performance.now() - this.#drawn >= DRAW_MILLISECONDS) {
      await this.#drawCurve();
    }
    return line;
  }

  /** Takes a sample down, unless it has it. */
  sample(sample: Sample): void {
    const { epoch, prefix } = sample;
    const isKnown = this.#samples.some((one) =>
      one.epoch === epoch && one.prefix === prefix
    );
    if (isKnown) return;
    this.#samples.push(sample);
    this.#samplesFile.append(jsonLine(sample));
  }

  /** Waits until all lines are on the disk. */
  sync(): void {
    this.#metricsFile.sync();
    this.#samplesFile.sync();
  }

  /** Writes the curve and the report as they are in the end. */
  async finish(checkpoint: Checkpoint): Promise<void> {
    this.sync();
    const draw = await this.#drawCurve();
    const page = report({
      name: this.#run.name,
      checkpoint,
      metrics: this.#metrics,
      samples: this.#samples,
      commands: await Deno.readTextFile(this.#run.commands),
      pictures: draw ? drawAll(draw, this.#metrics) : {},
    });
    await writeText(this.#run.report, page);
  }

  [Symbol.dispose](): void {
    this.#samplesFile[Symbol.dispose]();
    this.#metricsFile[Symbol.dispose]();
  }

  async #drawCurve(): Promise<Draw | undefined> {
    this.#draw ??= loadPlotting().catch((error) => {
      const reason = (error as Error).message.split("\n")[0];
      say(`no pictures: they need a package that cannot be had (${reason})`);
      return undefined;
    });
    const draw = await this.#draw;
    if (draw) {
      await writeText(this.#run.curve, draw(perplexityChart(this.#metrics)));
    }
    this.#drawn = performance.now();
    return draw;
  }
}

/** Training and validation, as d2l's Animator draws them. */
function perplexityChart(metrics: readonly EpochMetrics[]): Chart {
  const curves = [{ name: "training", points: points(metrics, "perplexity") }];
  if (metrics.some((one) => one.validation_perplexity !== undefined)) {
    const held = points(metrics, "validation_perplexity");
    curves.push({ name: "validation", points: held });
  }
  return { label: "perplexity", curves };
}

function drawAll(
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

async function writeText(path: string, text: string): Promise<void> {
  await writeWhole(path, new TextEncoder().encode(text));
}
