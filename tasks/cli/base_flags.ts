/**
 * How a model was trained, as flags: `--init-from` goes on so.
 *
 * @module
 */

import type {
  Checkpoint,
  ImportedModel,
} from "../../lib/training/checkpoint.ts";
import { withDefaults } from "../../lib/training/settings.ts";
import type { CorpusFlags } from "./corpus.ts";
import type { Settings } from "./training_flags.ts";

/** Flags that a model's training stands for. */
export type BaseFlags = Partial<Settings> & Pick<CorpusFlags, "validation">;

/**
 * The settings that a model was trained with, as flags to put beneath those that are
 * given; those that are the defaults are left out, and so are the seed, what the model
 * itself says, and what one of the given flags makes meaningless. None of a model
 * that was imported.
 *
 * @param given What was asked for: of another optimizer the learning rate is its own;
 * of another number of epochs warm-up and steps are the same part.
 */
export function baseFlags(
  model: Checkpoint | ImportedModel,
  given: BaseFlags,
): BaseFlags {
  if (!("training" in model)) return {};
  const { training, corpus, config } = model;
  const usual = withDefaults({ optimizer: training.optimizer });
  const share = (given.epochs ?? training.epochs) / training.epochs;
  const all = corpus.tokens + corpus.validationTokens;
  const changes = (flag: "optimizer" | "schedule" | "init") =>
    given[flag] !== undefined && given[flag] !== training[flag];
  const flags: BaseFlags = {
    epochs: changed(training.epochs, usual.epochs),
    "batch-size": changed(training.batchSize, usual.batchSize),
    "num-steps": changed(training.numSteps, usual.numSteps),
    sampling: changed(training.sampling, usual.sampling),
    "clip-norm": changed(training.clipNorm, usual.clipNorm),
    "clip-value": changed(training.clipValue, usual.clipValue),
    ...training.resetState && { "reset-state": true },
    ...!changes("optimizer") && {
      optimizer: changed(training.optimizer, withDefaults({}).optimizer),
      "learning-rate": changed(training.learningRate, usual.learningRate),
      "weight-decay": changed(training.weightDecay, usual.weightDecay),
    },
    ...!changes("schedule") && {
      schedule: changed(training.schedule, usual.schedule),
      ...training.schedule === "step" && {
        "step-size": training.stepSize * share,
        gamma: changed(training.gamma, usual.gamma),
      },
    },
    warmup: training.warmup > 0 ? training.warmup * share : undefined,
    ...config.numLayers > 1 && {
      dropout: changed(training.dropout, usual.dropout),
    },
    ...!changes("init") && {
      init: changed(training.init, usual.init),
      ...training.init === "normal" && {
        sigma: changed(training.sigma, usual.sigma),
      },
    },
    ...corpus.validationTokens > 0 && {
      validation: Number((corpus.validationTokens / all).toPrecision(3)),
      patience: changed(training.patience, usual.patience),
    },
  };
  const isGiven = (flag: string) => {
    const value = given[flag as keyof BaseFlags];
    return value !== undefined && value !== false; // a switch is never undefined
  };
  return Object.fromEntries(
    Object.entries(flags)
      .filter(([flag, value]) => value !== undefined && !isGiven(flag)),
  );
}

/** The value where it is not the default. */
function changed<T>(value: T, standard: T): T | undefined {
  return value === standard ? undefined : value;
}
