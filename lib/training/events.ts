/**
 * What training tells of itself.
 *
 * @module
 */

import type { Prediction } from "./evaluation.ts";
import type { Checkpoint, TrainedModel } from "./checkpoint.ts";

/** Measurements of one epoch, taken while the parameters changed. */
export interface EpochEvent {
  /** Tells the events apart. */
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
  /** Step size of the last minibatch. */
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
  /** Tells the events apart. */
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
  /** Tells the events apart. */
  readonly type: "sample";
  /** From 1 on. */
  readonly epoch: number;
  /** The model as it is after the epoch. */
  readonly model: TrainedModel;
  /** Whether training is done after this epoch. */
  readonly isLast: boolean;
}

/** How far an epoch is, given between the chunks of its minibatches. */
export interface ProgressEvent {
  /** Tells the events apart. */
  readonly type: "progress";
  /** From 1 on. */
  readonly epoch: number;
  /** Minibatches of the epoch that are done, from 1 to below `count`. */
  readonly minibatch: number;
  /** Minibatches of the epoch. */
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
  /** Tells this error from others. */
  override readonly name = "DivergenceError";
}
