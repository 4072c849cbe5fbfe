/**
 * What is said of a training when it ends: how good it is, or what is kept of it.
 *
 * @module
 */

import type { Checkpoint } from "../../lib/training/checkpoint.ts";
import type { EpochEvent } from "../../lib/training/events.ts";
import type { Best } from "../../lib/training/best.ts";
import { perplexityText } from "../shared/perplexity_text.ts";
import { shellQuoted } from "./command_line.ts";
import { speedText } from "./describe.ts";
import { EXIT } from "./exit.ts";
import type { RunPaths } from "./run_paths.ts";
import { jsonLine } from "./terminal.ts";

/** What is known of a checkpoint that was saved, its numbers left out. */
export type Saved = Omit<Checkpoint, "parameters" | "resumeData"> & {
  /** The best epoch until then. */
  readonly best?: Best;
};

/** A checkpoint without its numbers. */
export function savedOf(
  { parameters: _, resumeData, ...rest }: Checkpoint,
): Saved {
  return { ...rest, best: resumeData?.best };
}

/** How good a training was, and on what. */
export interface Results {
  readonly paths: RunPaths;
  readonly last: EpochEvent;
  /** Undefined where none was measured. */
  readonly tokensPerSecond?: number;
  readonly device: string;
  /** By what they begin with. */
  readonly samples: Readonly<Record<string, string>>;
}

/** The results as one JSON object. */
export function resultsJson(results: Results): string {
  const { paths, last, tokensPerSecond, device, samples } = results;
  const { perplexity, validation } = last;
  return jsonLine({
    run: paths.name,
    checkpoint: paths.checkpoint,
    perplexity,
    ...validation && { validation_perplexity: validation.perplexity },
    tokens_per_second: tokensPerSecond,
    device,
    samples,
  });
}

/** The results for people. */
export function resultsText(results: Results): string {
  const { last, tokensPerSecond = NaN, device, samples } = results;
  const { perplexity, validation } = last;
  const held = validation &&
    `validation perplexity ${perplexityText(validation.perplexity)}`;
  const where = `${speedText(tokensPerSecond)} on ${device}`.trim();
  return [
    [`perplexity ${perplexityText(perplexity)}`, held, where]
      .filter(Boolean).join(", "),
    ...Object.values(samples),
    "",
  ].join("\n");
}

/** Why a training ended before its last epoch; undefined where it did not. */
export function patienceText(
  { progress, training, best }: Saved,
  bestPath: string | undefined,
): string | undefined {
  if (progress.epochs >= training.epochs) return undefined;
  return (best
    ? `no improvement since epoch ${best.epoch}`
    : "the loss of the held-out text was never finite") +
    `: stopped after ${progress.epochs} of ${training.epochs} ` +
    `epochs (--patience ${training.patience})` +
    (best && bestPath ? `; the best model is ${bestPath}` : "");
}

/**
 * What is saved of a training that an error has ended, and how to go on.
 *
 * @param code The error's exit code.
 * @param bestPath Where the best model is, if it is there.
 */
export function keptText(
  code: number,
  saved: Saved,
  { name, checkpoint }: RunPaths,
  bestPath: string | undefined,
): string {
  const { epochs, minibatches } = saved.progress;
  const whole = `${epochs} ${epochs === 1 ? "epoch" : "epochs"}`;
  const what = minibatches > 0
    ? `${whole} and ${minibatches} minibatches of the next are`
    : `${whole} ${epochs === 1 ? "is" : "are"}`;
  const best = code === EXIT.diverged && saved.best && bestPath
    ? `, and the best model, from epoch ${saved.best.epoch}, in ` +
      `${bestPath} (--init-from starts from it)`
    : "";
  return `What is saved: ${what} in ${checkpoint}${best}. ` +
    goOnText(name, remedy(code, saved));
}

/** The command line that goes on with a run. */
export function goOnText(name: string, flags: readonly string[] = []): string {
  const words = ["deno", "task", "train", "--resume", "--run", name];
  return `To continue: ${shellQuoted([...words, ...flags])}`;
}

/** Flags that may help after an error of this kind. */
function remedy(code: number, { training }: Saved): string[] {
  if (code === EXIT.device) return ["--device", "cpu"];
  if (code !== EXIT.diverged) return [];
  const lower = Number((training.learningRate / 10).toPrecision(3));
  return ["--learning-rate", String(lower)];
}
