/**
 * The files of a run that people and programs read: kept up while it is trained.
 *
 * @module
 */

import type { Checkpoint } from "../../lib/training/checkpoint.ts";
import type { EpochEvent } from "../../lib/training/events.ts";
import { shellQuoted } from "./command_line.ts";
import { EpochLines } from "./epoch_lines.ts";
import { exists, replaceWhole } from "./files.ts";
import type { HeldRun } from "./held_run.ts";
import { type EpochMetrics, epochMetrics, readMetrics } from "./metrics.ts";
import { report } from "./report.ts";
import { drawAll, perplexityChart, Pictures } from "./run_pictures.ts";
import { readSamples, type Sample } from "./samples.ts";
import { jsonLine, say } from "./terminal.ts";

/** The least time from one drawing to the next, in milliseconds. */
const DRAW_MILLISECONDS = 5000;

/** The metrics, samples, curve and report of one run that is held. */
export class RunRecord implements Disposable {
  readonly #run: HeldRun;
  readonly #metricsFile: EpochLines;
  readonly #samplesFile: EpochLines;
  readonly #pictures = new Pictures();
  #metrics: EpochMetrics[] = [];
  #samples: Sample[] = [];
  #commands = "";
  /** Whether the commands have to be written. */
  #isNew = false;
  #drawn = performance.now();

  private constructor(run: HeldRun, done: number) {
    this.#run = run;
    using cleanup = new DisposableStack();
    this.#metricsFile = cleanup.use(new EpochLines(run.paths.metrics, done));
    this.#samplesFile = cleanup.use(new EpochLines(run.paths.samples, done));
    cleanup.move(); // nothing failed
  }

  /**
   * Opens a run's files; what they have of later epochs goes.
   *
   * @param done Epochs that are done.
   * @param command The command line that trains the run from here on: it is kept
   * with the first save.
   */
  static async open(
    run: HeldRun,
    done: number,
    command?: string,
  ): Promise<RunRecord> {
    const { metrics, samples, commands } = run.paths;
    const record = new RunRecord(run, done);
    record.#metrics = await readMetrics(metrics);
    record.#samples = await readSamples(samples);
    if (await exists(commands)) {
      record.#commands = await Deno.readTextFile(commands);
    }
    if (command !== undefined) {
      record.#commands += `${command}\n`;
      record.#isNew = true;
    }
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
      // What keeps a picture from being written is found by the next save.
      await this.#drawCurve().catch(() => {});
      this.#drawn = performance.now();
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

  /**
   * Waits until all that was taken down is on the disk, which a checkpoint of it has
   * to come after. Where somebody has removed or replaced a file, it is written anew.
   *
   * @returns Whether the folder had to be made anew: no model is in it.
   */
  async sync(): Promise<boolean> {
    const isMoved = await this.#run.restore();
    const { metrics, samples, commands } = this.#run.paths;
    this.#isNew ||= isMoved;
    for (
      const [file, path] of [
        [this.#metricsFile, metrics],
        [this.#samplesFile, samples],
      ] as const
    ) {
      if (isMoved || !file.isInPlace()) {
        if (!isMoved && this.#run.isInPlace()) {
          say(`${path} was replaced or removed: it is written again`);
        }
        file.rewrite(path);
      }
      file.sync();
    }
    if (this.#isNew) await writeText(commands, this.#commands);
    this.#isNew = false;
    return isMoved;
  }

  /**
   * Writes the curve and the report as they are now.
   *
   * @param wait How long what draws is waited for, in milliseconds.
   */
  async finish(
    checkpoint: Omit<Checkpoint, "parameters" | "resumeData">,
    wait: number,
  ): Promise<void> {
    await this.sync();
    const { name } = this.#run.paths;
    const loaded = await this.#pictures.within(wait);
    if (loaded === "late") {
      say(
        "no plots yet: the packages that draw them are still being " +
          "downloaded. " +
          `${shellQuoted(["deno", "task", "report", "--run", name])} ` +
          "draws them",
      );
    }
    const draw = loaded === "late" ? undefined : loaded;
    if (draw) await this.#drawCurve();
    const page = report({
      name,
      checkpoint,
      metrics: this.#metrics,
      samples: this.#samples,
      commands: this.#commands,
      pictures: draw ? drawAll(draw, this.#metrics) : {},
    });
    await writeText(this.#run.paths.report, page);
  }

  [Symbol.dispose](): void {
    this.#samplesFile[Symbol.dispose]();
    this.#metricsFile[Symbol.dispose]();
  }

  async #drawCurve(): Promise<void> {
    const svg = this.#pictures.ready?.(perplexityChart(this.#metrics));
    if (svg) await writeText(this.#run.paths.curve, svg);
  }
}

async function writeText(path: string, text: string): Promise<void> {
  await replaceWhole(path, new TextEncoder().encode(text));
}
