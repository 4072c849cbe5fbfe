/**
 * Where a training is, and how that follows from what has happened: plain values.
 *
 * @module
 */

import { type Best, isBetter } from "./best.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { EpochSums, isSkipped } from "./epoch_sums.ts";
import type { Prediction } from "./evaluation.ts";
import type { Progress } from "./progress.ts";
import type { MinibatchResult, ResumeData } from "./resume_data.ts";

/** What is known of a training at one moment, beside the tensors on its device. */
export interface Position {
  readonly progress: Progress;
  /** Of the last whole epoch, as a checkpoint has it. */
  readonly loss: number;
  readonly validationLoss: number;
  /** Minibatches so far, in all epochs. */
  readonly updates: number;
  /** How many of the last ones were skipped. */
  readonly skippedInRow: number;
  /** The best epoch so far. */
  readonly best?: Best;
  /** The epoch that is not finished. */
  readonly sums: EpochSums;
}

/** How many minibatches in a row may be skipped before training stops. */
export const MOST_SKIPPED = 3;

/** Where a training begins, or where a checkpoint of it was. */
export function firstPosition(
  { progress, loss, validationLoss, resumeData }: Pick<
    Checkpoint,
    "progress" | "loss" | "validationLoss" | "resumeData"
  >,
  tokensEach: number,
): Position {
  const { updates = 0, skippedInRow = 0, measured = [], best } = resumeData ??
    {};
  return {
    progress,
    loss,
    validationLoss,
    updates,
    // One that had diverged has as many tries again.
    skippedInRow: skippedInRow < MOST_SKIPPED ? skippedInRow : 0,
    best,
    sums: new EpochSums(tokensEach).add(measured),
  };
}

/** What resuming needs to know of a position. */
export function resumedFrom(
  { updates, skippedInRow, best, sums: { measured } }: Position,
): Omit<ResumeData, "states" | "moments"> {
  return { updates, skippedInRow, best, measured };
}

/** Behind some minibatches of one epoch, which took so long together. */
export function afterMinibatches(
  position: Position,
  results: readonly MinibatchResult[],
  seconds: number,
): Position {
  const { epochs, minibatches, tokens } = position.progress;
  const { tokensEach } = position.sums;
  const lastGood = results.findLastIndex((result) => !isSkipped(result));
  return {
    ...position,
    progress: {
      epochs,
      minibatches: minibatches + results.length,
      tokens: tokens + results.length * tokensEach,
    },
    updates: position.updates + results.length,
    skippedInRow: lastGood < 0
      ? position.skippedInRow + results.length
      : results.length - 1 - lastGood,
    sums: position.sums.add(results, seconds),
  };
}

/** Behind the end of an epoch, whose minibatches are done. */
export function afterEpoch(
  position: Position,
  validation: Prediction | undefined,
): Position {
  const epochs = position.progress.epochs + 1;
  const { loss, tokensEach } = position.sums;
  const judged = validation?.loss ?? loss;
  const isBest = isBetter(judged, position.best);
  return {
    ...position,
    progress: { ...position.progress, epochs, minibatches: 0 },
    loss,
    validationLoss: validation?.loss ?? position.validationLoss,
    best: isBest ? { epoch: epochs, loss: judged } : position.best,
    sums: new EpochSums(tokensEach),
  };
}

/**
 * The index of the minibatch at which training has diverged: the third in a row that
 * was skipped. Undefined where it goes on.
 */
export function divergedAt(
  results: readonly MinibatchResult[],
  skippedInRow: number,
): number | undefined {
  let inRow = skippedInRow;
  const at = results.findIndex((result) => {
    inRow = isSkipped(result) ? inRow + 1 : 0;
    return inRow >= MOST_SKIPPED;
  });
  return at < 0 ? undefined : at;
}
