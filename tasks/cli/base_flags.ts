/**
 * How a model was trained, as flags: `--init-from` goes on so.
 *
 * @module
 */

import type {
  Checkpoint,
  ImportedModel,
} from "../../lib/training/checkpoint.ts";
import type { Setting } from "../../lib/setting.ts";
import {
  TRAINING_SETTINGS,
  type TrainingRecord,
  withDefaults,
} from "../../lib/training/settings.ts";
import type { CorpusFlags } from "./corpus.ts";
import { flagName } from "./setting_flags.ts";
import type { Settings } from "./training_flags.ts";

/** Flags that a model's training stands for. */
export type BaseFlags = Partial<Settings> & Pick<CorpusFlags, "validation">;

/** Settings that say how training goes on: all but draws and the first biases. */
const { seed: _, offset: __, forgetBias: ___, ...TOLD } = TRAINING_SETTINGS;

/** Settings whose value suits one choice of another alone. */
const SUITED: ReadonlyMap<string, keyof TrainingRecord> = new Map([
  ["learningRate", "optimizer"],
  ["weightDecay", "optimizer"],
]);

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
  const asked = new Map<string, unknown>(
    Object.entries(given).filter(([, value]) =>
      value !== undefined && value !== false // a switch is never undefined
    ),
  );
  const share = (given.epochs ?? training.epochs) / training.epochs;
  const values: Readonly<Record<string, unknown>> = {
    ...training,
    warmup: training.warmup * share,
    stepSize: training.stepSize * share,
  };
  const usual: Readonly<Record<string, unknown>> = {
    ...withDefaults({ optimizer: training.optimizer }),
    optimizer: TRAINING_SETTINGS.optimizer.default,
    stepSize: undefined, // it is said always: the default is of other epochs
    ...config.numLayers < 2 && { dropout: training.dropout },
    ...corpus.validationTokens === 0 && { patience: training.patience },
  };
  const isOther = (key: string) =>
    asked.has(key) && asked.get(key) !== values[key];
  const flags = new Map<string, unknown>();
  for (const [key, { onlyWith = {} }] of Object.entries<Setting>(TOLD)) {
    if (values[key] === usual[key]) continue;
    const hasEffect = Object.entries(onlyWith).every(([other, choices]) =>
      choices.includes(String(values[other])) && !isOther(other)
    );
    const suits = !isOther(SUITED.get(key) ?? key);
    if (hasEffect && suits) flags.set(flagName(key), values[key]);
  }
  if (corpus.validationTokens > 0) {
    const all = corpus.tokens + corpus.validationTokens;
    const part = corpus.validationTokens / all;
    flags.set("validation", Number(part.toPrecision(3)));
  }
  return Object.fromEntries([...flags].filter(([flag]) => !asked.has(flag)));
}
