/**
 * How a model is trained: the settings that a checkpoint records.
 *
 * @module
 */

import { InputError } from "../input_error.ts";
import type { UpdateRule } from "../backend/ops.ts";
import {
  type Initialization,
  INITIALIZATION_SETTINGS,
} from "../model/parameters.ts";
import { PARTITION_SETTINGS } from "../partition.ts";
import { assertSetting, filledIn, MOST, type SettingsOf } from "../setting.ts";
import type { Sampling } from "../text/minibatch.ts";
import type { Best } from "./best.ts";
import {
  LEARNING_RATE_SCHEDULES,
  learningRateAt,
  type LearningRateSchedule,
} from "./learning_rate.ts";
import { OPTIMIZER_NAMES, OPTIMIZERS } from "./optimizer.ts";

/** Every setting that affects the results of training. */
export interface TrainingRecord {
  /** Number of passes through the corpus. Default 500. */
  readonly epochs: number;
  /** Number of rows in a minibatch. Default 32. */
  readonly batchSize: number;
  /**
   * Number of tokens in a row, which is how far backpropagation reaches. Default 35.
   */
  readonly numSteps: number;
  /** How the rows of minibatches are chosen. Default `"sequential"`. */
  readonly sampling: Sampling;
  /** Whether the state is set to zero at every minibatch. Default false. */
  readonly resetState: boolean;
  /**
   * Number of tokens left out at the start of every epoch; null, the default: a random
   * number.
   */
  readonly offset: number | null;
  /** The rule that updates parameters from their gradients. Default `"sgd"`. */
  readonly optimizer: UpdateRule;
  /**
   * Learning rate, before warm-up and schedule. Default 1 for sgd, 0.1 for momentum,
   * else 0.002.
   */
  readonly learningRate: number;
  /** How the learning rate decreases. Default `"constant"`. */
  readonly schedule: LearningRateSchedule;
  /** Number of epochs during which the learning rate rises from 0. Default 0. */
  readonly warmup: number;
  /**
   * Number of epochs between two drops of the schedule `step`. Default a third of all
   * epochs.
   */
  readonly stepSize: number;
  /** Factor of each drop of the schedule `step`. Default 0.1. */
  readonly gamma: number;
  /** How strongly weights are pulled towards zero. Default 0. */
  readonly weightDecay: number;
  /** Largest global norm of the gradients; 0: no limit. Default 1. */
  readonly clipNorm: number;
  /** Largest absolute value of a gradient; 0, the default: no limit. */
  readonly clipValue: number;
  /** Probability that an element between two layers is set to zero. Default 0. */
  readonly dropout: number;
  /** Distribution of the initial weights. Default `"normal"`. */
  readonly init: Initialization;
  /** Standard deviation of normally distributed initial weights. Default 0.01. */
  readonly sigma: number;
  /** Added to the initial bias of the forget gate of an LSTM. Default 0. */
  readonly forgetBias: number;
  /**
   * Number of epochs without a better validation loss after which training ends; 0, the
   * default: never.
   */
  readonly patience: number;
  /** Seed of every random draw. Default 0. */
  readonly seed: number;
}

const positive = { kind: "number", least: 0, above: true } as const;
const fromZero = { kind: "number", least: 0 } as const;

/**
 * Every setting of a training, in the order of its record, with its range, its default
 * and what it does.
 *
 * @example
 * ```ts
 * import { TRAINING_SETTINGS } from "./settings.ts";
 *
 * console.assert(TRAINING_SETTINGS.dropout.below === 1);
 * console.assert(TRAINING_SETTINGS.schedule.choices.includes("cosine"));
 * ```
 */
export const TRAINING_SETTINGS: SettingsOf<TrainingRecord> = {
  epochs: {
    kind: "integer",
    least: 1,
    name: "number of epochs",
    help: "number of passes through the text",
    default: 500,
  },
  batchSize: PARTITION_SETTINGS.batchSize,
  numSteps: PARTITION_SETTINGS.numSteps,
  sampling: PARTITION_SETTINGS.sampling,
  resetState: {
    kind: "boolean",
    name: "reset of the state",
    help: 'set the state to zero at every minibatch (the book\'s "random" ' +
      "run)",
    default: false,
  },
  offset: {
    kind: "integer",
    least: 0,
    name: "offset",
    help: "tokens left out at the start of every epoch",
    default: null,
    defaultText: "drawn at random for every epoch",
  },
  optimizer: {
    kind: "choice",
    choices: OPTIMIZER_NAMES,
    name: "optimizer",
    help: "rule that updates the parameters from their gradients",
    default: "sgd",
  },
  learningRate: {
    ...positive,
    name: "learning rate",
    help: "step size",
    default: ({ optimizer }) => OPTIMIZERS[optimizer].learningRate,
    defaultText: learningRatesText(),
  },
  schedule: {
    kind: "choice",
    choices: LEARNING_RATE_SCHEDULES,
    name: "schedule",
    help: "how the learning rate decreases",
    default: "constant",
  },
  warmup: {
    ...fromZero,
    name: "warm-up",
    help: "epochs during which the learning rate rises from 0",
    default: 0,
  },
  stepSize: {
    ...positive,
    name: "step size of the schedule",
    help: 'epochs between two drops of the "step" schedule',
    default: ({ epochs }) => Math.max(1, Math.ceil(epochs / 3)),
    defaultText: "a third of all epochs",
    onlyWith: { schedule: ["step"] },
  },
  gamma: {
    ...positive,
    name: "gamma of the schedule",
    help: 'factor of each drop of the "step" schedule',
    default: 0.1,
    onlyWith: { schedule: ["step"] },
  },
  weightDecay: {
    ...fromZero,
    name: "weight decay",
    help: "how strongly weights are pulled towards zero",
    default: 0,
  },
  clipNorm: {
    ...fromZero,
    name: "clip norm",
    help: "largest global norm of the gradients, larger ones are scaled " +
      "down; 0: off",
    default: 1,
  },
  clipValue: {
    ...fromZero,
    name: "clip value",
    help: "largest absolute value of a gradient; 0: off",
    default: 0,
  },
  dropout: {
    ...fromZero,
    below: 1,
    name: "dropout",
    help: "probability that an element between two layers is set to zero",
    default: 0,
  },
  init: INITIALIZATION_SETTINGS.init,
  sigma: INITIALIZATION_SETTINGS.sigma,
  forgetBias: INITIALIZATION_SETTINGS.forgetBias,
  patience: {
    kind: "integer",
    least: 0,
    name: "patience",
    help: "stop after this many epochs without a better validation loss",
    default: 0,
    defaultText: "0: never",
  },
  seed: PARTITION_SETTINGS.seed,
};

/** The learning rates of the optimizers in words: `1 for sgd, else 0.002`. */
function learningRatesText(): string {
  const byRate = new Map<number, UpdateRule[]>();
  for (const name of OPTIMIZER_NAMES) {
    const { learningRate } = OPTIMIZERS[name];
    byRate.set(learningRate, [...byRate.get(learningRate) ?? [], name]);
  }
  const groups = [...byRate].sort(([, a], [, b]) => a.length - b.length);
  return groups.map(([rate, names], i) =>
    i < groups.length - 1 ? `${rate} for ${names.join(", ")}` : `else ${rate}`
  ).join(", ");
}

/**
 * Fills in the defaults, which are the chapter's: d2l 8.5.6.
 *
 * @throws {RangeError} If a name is not one of the choices of its setting.
 *
 * @example
 * ```ts
 * import { withDefaults } from "./settings.ts";
 *
 * console.assert(withDefaults({ optimizer: "adam" }).learningRate === 0.002);
 * ```
 */
export function withDefaults(given: Partial<TrainingRecord>): TrainingRecord {
  return filledIn(TRAINING_SETTINGS, given);
}

/** The settings that resuming can change; all others are those of the run. */
export const RESUMABLE_SETTINGS = [
  "epochs",
  "learningRate",
  "schedule",
  "patience",
] as const satisfies readonly (keyof TrainingRecord)[];

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

/**
 * Throws a RangeError, naming the setting, unless all are in their ranges; those of
 * the minibatches are checked where a corpus is cut into them.
 */
export function assertSettings(record: TrainingRecord): void {
  for (const [key, setting] of Object.entries(TRAINING_SETTINGS)) {
    if (key === "offset" || Object.hasOwn(PARTITION_SETTINGS, key)) continue;
    const value = record[key as keyof TrainingRecord];
    assertSetting(setting, value, `Cannot train with a ${setting.name} of`);
  }
  const rate = learningRateAt(record, record.epochs, 0);
  if (!(rate <= MOST)) {
    throw new InputError(
      `Cannot train with a gamma of the schedule of ${record.gamma}: the ` +
        `learning rate would grow to ${rate}, expected up to ${MOST}`,
    );
  }
  if (record.warmup >= record.epochs) {
    throw new InputError(
      `Cannot warm up for ${record.warmup} of ${record.epochs} ` +
        "epochs: expected fewer epochs of warm-up",
    );
  }
}
