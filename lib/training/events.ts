/**
 * The events of training.
 *
 * @module
 */

import type { Prediction } from "./evaluation.ts";
import type { Checkpoint, TrainedModel } from "./checkpoint.ts";
import type { Progress } from "./progress.ts";

/** Measurements of one epoch, taken while the parameters changed. */
export interface EpochEvent {
  /** An epoch has ended. */
  readonly type: "epoch";
  /** The epoch, counted from 1. */
  readonly epoch: number;
  /** Mean cross-entropy, in nats per token. */
  readonly loss: number;
  /** `exp(loss)`. */
  readonly perplexity: number;
  /** Number of tokens predicted. */
  readonly tokens: number;
  /** How well the model predicts the held-out text at the end of the epoch. */
  readonly validation?: Prediction;
  /** Mean over the minibatches of the global norm before clipping. */
  readonly gradientNorm: number;
  /** The learning rate of the last minibatch. */
  readonly learningRate: number;
  /** Number of minibatches that were skipped because their gradient was not finite. */
  readonly skipped: number;
  /** Time that its minibatches took, without those from before resuming. */
  readonly seconds: number;
  /** Tokens per second during that time; 0 if it is zero. */
  readonly tokensPerSecond: number;
  /** Loss of each minibatch. */
  readonly losses: readonly number[];
  /** Global norm before clipping of each minibatch. */
  readonly gradientNorms: readonly number[];
}

/** A model of this training, with everything that resuming needs. */
export interface CheckpointEvent {
  /** A model to save. */
  readonly type: "checkpoint";
  /**
   * `best`: the best model since the last event with this reason, judged by the loss on
   * the held-out text or, if nothing is held out, by the training loss; it is yielded
   * before one of the other reasons. These hold the model as it is after the preceding
   * events. `due`: it was requested; `last`: training is done; `stopped`: by the
   * signal; `diverged`: an error follows, and the parameters are the last good ones.
   */
  readonly reason: "best" | "due" | "last" | "stopped" | "diverged";
  /** The model, in memory: see `encodeCheckpoint`. */
  readonly checkpoint: Checkpoint;
}

/** A model to generate some text with, to see what it has learned. */
export interface SampleEvent {
  /** A model to generate text with. */
  readonly type: "sample";
  /** The epoch, counted from 1. */
  readonly epoch: number;
  /** The model as it is after the epoch. */
  readonly model: TrainedModel;
  /** Whether training is done after this epoch. */
  readonly isLast: boolean;
}

/** How far training is within an epoch; yielded between chunks of minibatches. */
export interface ProgressEvent {
  /** Some minibatches of an epoch are done. */
  readonly type: "progress";
  /** At least 1 and fewer than `count` minibatches of the epoch are done. */
  readonly progress: Progress;
  /** Number of minibatches in that epoch. */
  readonly count: number;
  /** Mean cross-entropy of the minibatches that are done, in nats per token. */
  readonly loss: number;
  /** Speed of the minibatches that are done, without those from before resuming. */
  readonly tokensPerSecond: number;
}

/** An event that training yields. */
export type TrainEvent =
  | EpochEvent
  | CheckpointEvent
  | SampleEvent
  | ProgressEvent;

/** Three minibatches in a row had a gradient that was not finite. */
export class DivergenceError extends Error {
  /** The class by name, as messages and stack traces show it. */
  override readonly name = "DivergenceError";
}
