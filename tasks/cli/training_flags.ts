/**
 * Flags that say what a model is and how it is trained.
 *
 * @module
 */

import type { TrainOptions } from "../../lib/train.ts";
import {
  assertSettings,
  type TrainingRecord,
  withDefaults,
} from "../../lib/training/settings.ts";
import type { ChoiceFlag, Flags, NumberFlag, Values } from "./command.ts";
import { UsageError } from "./flags.ts";
import { PARTITION_FLAGS } from "./partition_flags.ts";

const whole = { kind: "integer", least: 1 } as const;
/** Weights from 65,536 units to as many are 17 GB: more than a tensor can have. */
const size = { kind: "integer", most: 65_536 } as const;
const positive = { kind: "number", least: 0, above: true } as const;
const fromZero = { kind: "number", least: 0 } as const;

function oneOf<const C extends string>(
  choices: readonly C[],
  standard: C,
  help: string,
): ChoiceFlag<C> {
  return { kind: "choice", choices, standard, help };
}

/** What a model is. None has a default: that is the preset's, or the chapter's. */
export const MODEL_CONFIG_FLAGS = {
  cell: oneOf(["rnn", "gru", "lstm"], "rnn", "the recurrent cell"),
  "hidden-size": {
    ...size,
    least: 1,
    standard: "512",
    help: "size of the hidden state",
  } as NumberFlag,
  "num-layers": {
    ...whole,
    most: 1000,
    standard: "1",
    help: "layers, one above the other",
  } as NumberFlag,
  "embedding-size": {
    ...size,
    least: 0,
    standard: "0",
    help: "size of a learned embedding; 0: one-hot",
  } as NumberFlag,
  activation: oneOf(["tanh", "relu"], "tanh", "nonlinearity of the rnn cell"),
} as const satisfies Flags;

/** How a model is trained. */
export const TRAINING_FLAGS = {
  epochs: {
    ...whole,
    standard: "500",
    help: "how often to go through the text",
  } as NumberFlag,
  optimizer: oneOf(
    ["sgd", "momentum", "adam", "adamw", "rmsprop"],
    "sgd",
    "by what rule parameters follow their gradients",
  ),
  "learning-rate": {
    ...positive,
    standard: "1 for sgd, 0.1 for momentum, else 0.002",
    help: "step size",
  } as NumberFlag,
  schedule: oneOf(
    ["constant", "step", "cosine", "linear"],
    "constant",
    "how the learning rate falls",
  ),
  warmup: {
    ...fromZero,
    standard: "0",
    help: "epochs in which the learning rate rises from 0",
  } as NumberFlag,
  "step-size": {
    ...positive,
    standard: "a third of all",
    help: "epochs from one fall of --schedule step to the next",
  } as NumberFlag,
  gamma: {
    ...positive,
    standard: "0.1",
    help: "factor of each fall of --schedule step",
  } as NumberFlag,
  "weight-decay": {
    ...fromZero,
    standard: "0",
    help: "how much weights are drawn to zero",
  } as NumberFlag,
  "clip-norm": {
    ...fromZero,
    standard: "1",
    help: "global norm that gradients are scaled down to; 0: off",
  } as NumberFlag,
  "clip-value": {
    ...fromZero,
    standard: "0",
    help: "greatest absolute value of a gradient; 0: any",
  } as NumberFlag,
  dropout: {
    ...fromZero,
    below: 1,
    standard: "0",
    help: "probability that an element between two layers is zeroed",
  } as NumberFlag,
  init: oneOf(
    ["normal", "uniform"],
    "normal",
    "initial weights: normal with --sigma, or uniform as PyTorch's",
  ),
  sigma: {
    ...fromZero,
    standard: "0.01",
    help: "standard deviation of --init normal",
  } as NumberFlag,
  "forget-bias": {
    kind: "number",
    least: -Infinity,
    standard: "0",
    help: "added to the initial bias of an LSTM's forget gate",
  } as NumberFlag,
  "reset-state": {
    kind: "switch",
    help: 'zero the state at every minibatch (the book\'s "random" run)',
  },
  patience: {
    kind: "integer",
    least: 0,
    standard: "0: never",
    help: "stop after so many epochs without a better validation loss",
  } as NumberFlag,
} as const satisfies Flags;

/** All flags that presets may set, and that resuming takes from the run. */
export const SETTING_FLAGS = {
  ...MODEL_CONFIG_FLAGS,
  ...PARTITION_FLAGS,
  ...TRAINING_FLAGS,
} as const satisfies Flags;

/** Values of those flags, each there only if it was given. */
export type Settings = Values<typeof SETTING_FLAGS>;

/** The library's options of these flags. */
export function trainOptions(settings: Settings): TrainOptions {
  return {
    cell: settings.cell,
    hiddenSize: settings["hidden-size"],
    numLayers: settings["num-layers"],
    embeddingSize: settings["embedding-size"],
    activation: settings.activation,
    batchSize: settings["batch-size"],
    numSteps: settings["num-steps"],
    sampling: settings.sampling,
    seed: settings.seed,
    epochs: settings.epochs,
    optimizer: settings.optimizer,
    learningRate: settings["learning-rate"],
    schedule: settings.schedule,
    warmup: settings.warmup,
    stepSize: settings["step-size"],
    gamma: settings.gamma,
    weightDecay: settings["weight-decay"],
    clipNorm: settings["clip-norm"],
    clipValue: settings["clip-value"],
    dropout: settings.dropout,
    init: settings.init,
    sigma: settings.sigma,
    forgetBias: settings["forget-bias"],
    resetState: settings["reset-state"],
    patience: settings.patience,
  };
}

/** Throws a UsageError for a flag that would do nothing, or too much, beside the others. */
export function assertUseful(settings: Settings): void {
  const useless = (flag: keyof Settings, unless: string) => {
    if (settings[flag] === undefined || settings[flag] === 0) return;
    throw new UsageError(`--${flag} does nothing without ${unless}`);
  };
  const { schedule, init, cell = "rnn", "num-layers": layers = 1 } = settings;
  if (schedule !== "step") {
    useless("step-size", "--schedule step");
    useless("gamma", "--schedule step");
  }
  if (init === "uniform") useless("sigma", "--init normal");
  if (cell !== "lstm") useless("forget-bias", "--cell lstm");
  if (cell !== "rnn") useless("activation", "--cell rnn");
  if (layers < 2) useless("dropout", "--num-layers 2 or more");
  const { warmup = 0, epochs } = withDefaults(trainOptions(settings));
  if (warmup >= epochs) {
    throw new UsageError(
      `--warmup ${warmup} is not over in ${epochs} epochs: give fewer, or more ` +
        `--epochs`,
    );
  }
}

/** Throws a UsageError for settings that are out of their ranges. */
export function assertInRange(options: Partial<TrainingRecord>): void {
  try {
    assertSettings(withDefaults(options));
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
