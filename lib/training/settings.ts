/**
 * How a model is trained: the settings that a checkpoint records.
 *
 * @module
 */

import type { UpdateRule } from "../backend/backend.ts";
import type { Initialization } from "../model/parameters.ts";
import type { Sampling } from "../text/minibatch.ts";
import type { Best } from "./best.ts";
import { learningRateAt, type LearningRateSchedule } from "./learning_rate.ts";

/** Every setting that has a part in what training gives. */
export interface TrainingRecord {
  /** How often to go through the corpus. Default 500. */
  readonly epochs: number;
  /** Rows of a minibatch. Default 32. */
  readonly batchSize: number;
  /** Tokens of a row, the reach of backpropagation. Default 35. */
  readonly numSteps: number;
  /** How minibatches follow each other. Default `"sequential"`. */
  readonly sampling: Sampling;
  /** Whether the state is zeroed at every minibatch. Default false. */
  readonly resetState: boolean;
  /** Tokens left out at the start of every epoch; null, the default: a drawn number. */
  readonly offset: number | null;
  /** By what rule parameters follow their gradients. Default `"sgd"`. */
  readonly optimizer: UpdateRule;
  /** Step size, before warm-up and schedule. Default 1 for sgd, 0.1 for momentum, else 0.002. */
  readonly learningRate: number;
  /** How the learning rate falls. Default `"constant"`. */
  readonly schedule: LearningRateSchedule;
  /** Epochs in which the learning rate rises from 0. Default 0. */
  readonly warmup: number;
  /** Epochs from one fall of the schedule `step` to the next. Default a third of all. */
  readonly stepSize: number;
  /** Factor of each fall of the schedule `step`. Default 0.1. */
  readonly gamma: number;
  /** Decay of the weights. Default 0. */
  readonly weightDecay: number;
  /** Global norm that gradients are scaled down to; 0: they are not. Default 1. */
  readonly clipNorm: number;
  /** Greatest absolute value of a gradient; 0, the default: any. */
  readonly clipValue: number;
  /** Probability that an element between two layers is zeroed. Default 0. */
  readonly dropout: number;
  /** Distribution of the initial weights. Default `"normal"`. */
  readonly init: Initialization;
  /** Standard deviation of initial weights that are normal. Default 0.01. */
  readonly sigma: number;
  /** Added to the initial bias of an LSTM's forget gate. Default 0. */
  readonly forgetBias: number;
  /** Epochs without a better validation loss after which training ends; 0, the default: never. */
  readonly patience: number;
  /** Seed of every random draw. Default 0. */
  readonly seed: number;
}

/** What an optimizer's learning rate is unless it is given: the chapter's, or usual. */
const LEARNING_RATES: Readonly<Record<UpdateRule, number>> = {
  sgd: 1,
  momentum: 0.1,
  adam: 0.002,
  adamw: 0.002,
  rmsprop: 0.002,
};

/** Fills in the defaults, which are the chapter's: d2l 8.5.6. */
export function withDefaults(
  given: Partial<TrainingRecord>,
): TrainingRecord {
  const { epochs = 500, optimizer = "sgd" } = given;
  return {
    epochs,
    batchSize: given.batchSize ?? 32,
    numSteps: given.numSteps ?? 35,
    sampling: given.sampling ?? "sequential",
    resetState: given.resetState ?? false,
    offset: given.offset ?? null,
    optimizer,
    learningRate: given.learningRate ?? LEARNING_RATES[optimizer],
    schedule: given.schedule ?? "constant",
    warmup: given.warmup ?? 0,
    stepSize: given.stepSize ?? Math.max(1, Math.ceil(epochs / 3)),
    gamma: given.gamma ?? 0.1,
    weightDecay: given.weightDecay ?? 0,
    clipNorm: given.clipNorm ?? 1,
    clipValue: given.clipValue ?? 0,
    dropout: given.dropout ?? 0,
    init: given.init ?? "normal",
    sigma: given.sigma ?? 0.01,
    forgetBias: given.forgetBias ?? 0,
    patience: given.patience ?? 0,
    seed: given.seed ?? 0,
  };
}

/**
 * Whether training is done after so many epochs: after the last, or when none has
 * been better for as long as patience allows. Where no loss was ever finite, patience
 * counts from the beginning.
 */
export function isEnded(
  { epochs, patience }: Pick<TrainingRecord, "epochs" | "patience">,
  done: number,
  best: Best | undefined,
): boolean {
  return done >= epochs ||
    patience > 0 && done - (best?.epoch ?? 0) >= patience;
}

/** More than anyone needs, and little enough for sums and quotients in float32. */
const MOST = 1e30;

/** What a setting may be: a whole number from the least on, any from it on, or above. */
const RANGES = {
  "number of epochs": ["epochs", "whole", 1],
  "learning rate": ["learningRate", "above", 0],
  "warm-up": ["warmup", "least", 0],
  "step size of the schedule": ["stepSize", "above", 0],
  "gamma of the schedule": ["gamma", "above", 0],
  "weight decay": ["weightDecay", "least", 0],
  "clip norm": ["clipNorm", "least", 0],
  "clip value": ["clipValue", "least", 0],
  "dropout": ["dropout", "least", 0],
  "sigma": ["sigma", "least", 0],
  "forget bias": ["forgetBias", "least", -MOST],
  "patience": ["patience", "whole", 0],
} as const;

/**
 * Throws a RangeError, naming the setting, unless all are in their ranges; those of
 * the minibatches are checked where a corpus is cut into them.
 */
export function assertSettings(record: TrainingRecord): void {
  for (const [name, [key, kind, least]] of Object.entries(RANGES)) {
    const value = record[key];
    const inRange = kind === "above" ? value > least : value >= least;
    const exact = kind !== "whole" || Number.isSafeInteger(value);
    if (value <= MOST && inRange && exact) continue;
    throw new RangeError(
      `Cannot train with a ${name} of ${value}: expected a ` +
        `${kind === "whole" ? "whole " : ""}number ` +
        (kind === "above" ? `above ${least}` : `from ${least} on`) +
        (value > MOST ? `, up to ${MOST}` : ""),
    );
  }
  const rate = learningRateAt(record, record.epochs, 0);
  if (!(rate <= MOST)) {
    throw new RangeError(
      `Cannot train with a gamma of the schedule of ${record.gamma}: the ` +
        `learning rate would grow to ${rate}, expected up to ${MOST}`,
    );
  }
  if (record.dropout >= 1) {
    throw new RangeError(
      `Cannot train with a dropout of ${record.dropout}: expected less than 1`,
    );
  }
  if (record.warmup >= record.epochs) {
    throw new RangeError(
      `Cannot warm up for ${record.warmup} epochs of ${record.epochs}: ` +
        `expected fewer than there are`,
    );
  }
}
