/**
 * What training tells of itself.
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
  /** From 1 on. */
  readonly epoch: number;
  /** Mean cross-entropy, in nats per token. */
  readonly loss: number;
  /** `exp(loss)`. */
  readonly perplexity: number;
  /** Tokens predicted. */
  readonly tokens: number;
  /** How well the model at the epoch's end predicts the text that was held out. */
  readonly validation?: Prediction;
  /** Mean over the minibatches of the global norm before clipping. */
  readonly gradientNorm: number;
  /** The learning rate of the last minibatch. */
  readonly learningRate: number;
  /** Minibatches whose gradient was not finite and which changed nothing. */
  readonly skipped: number;
  /** Time that its minibatches took, those before a resumption left out. */
  readonly seconds: number;
  /** Tokens in those seconds, by them; 0 where there were none. */
  readonly tokensPerSecond: number;
  /** Loss of each minibatch. */
  readonly losses: readonly number[];
  /** Global norm before clipping of each minibatch. */
  readonly gradientNorms: readonly number[];
}

/** A model of this training, with all that resuming needs. */
export interface CheckpointEvent {
  /** Here is a model to save. */
  readonly type: "checkpoint";
  /**
   * `best`: the best model since the last event of this kind, which comes before one
   * of the others: by the loss of the held-out text or, where none is held out, of
   * training. The others are the model as it is after the events before. `due`: it
   * was asked for; `last`: training is done; `stopped`: by the signal; `diverged`: an
   * error follows, and the parameters are the last good ones.
   */
  readonly reason: "best" | "due" | "last" | "stopped" | "diverged";
  /** The model, in memory: see `encodeCheckpoint`. */
  readonly checkpoint: Checkpoint;
}

/** The model to generate some text with, to see how far it is. */
export interface SampleEvent {
  /** Here is a model to write with. */
  readonly type: "sample";
  /** From 1 on. */
  readonly epoch: number;
  /** The model as it is after the epoch. */
  readonly model: TrainedModel;
  /** Whether training is done after this epoch. */
  readonly isLast: boolean;
}

/** How far training is within an epoch, given between the chunks of its minibatches. */
export interface ProgressEvent {
  /** Some minibatches of an epoch are done. */
  readonly type: "progress";
  /** From 1 to below `count` minibatches of an epoch are done. */
  readonly progress: Progress;
  /** Minibatches of that epoch. */
  readonly count: number;
  /** Mean cross-entropy of those that are done, in nats per token. */
  readonly loss: number;
  /** Speed of those that are done, those before a resumption left out. */
  readonly tokensPerSecond: number;
}

/** What training yields. */
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
