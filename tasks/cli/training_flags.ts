/**
 * Flags that say what a model is and how it is trained.
 *
 * @module
 */

import { InputError } from "../../lib/input_error.ts";
import { MODEL_SETTINGS } from "../../lib/model/config.ts";
import { filledIn, type Setting } from "../../lib/setting.ts";
import type { TrainOptions } from "../../lib/train.ts";
import {
  assertSettings,
  TRAINING_SETTINGS,
  type TrainingRecord,
  withDefaults,
} from "../../lib/training/settings.ts";
import type { Values } from "./command.ts";
import { UsageError } from "./flags.ts";
import { PARTITION_FLAGS } from "./partition_flags.ts";
import { flagName, flagsOf, optionsOf } from "./setting_flags.ts";

/** What a model is. None has a default: that is the preset's, or the chapter's. */
export const MODEL_CONFIG_FLAGS = flagsOf(MODEL_SETTINGS);

/** The offset is for callers of the library alone. */
const { offset: _, ...TRAINING_FLAGS } = flagsOf(TRAINING_SETTINGS);

/** All flags that presets may set, and that resuming takes from the run. */
export const SETTING_FLAGS = {
  ...MODEL_CONFIG_FLAGS,
  ...PARTITION_FLAGS,
  ...TRAINING_FLAGS,
};

/** Values of those flags, each there only if it was given. */
export type Settings = Values<typeof SETTING_FLAGS>;

/** The library's options of these flags. */
export function trainOptions(settings: Settings): TrainOptions {
  const { offset: _, ...training } = optionsOf(TRAINING_SETTINGS, settings);
  return { ...optionsOf(MODEL_SETTINGS, settings), ...training };
}

/** Throws a UsageError for a flag that would do nothing, or too much, beside the others. */
export function assertUseful(settings: Settings): void {
  const options = trainOptions(settings);
  const { epochs, warmup, ...chosen } = {
    ...filledIn(MODEL_SETTINGS, options),
    ...withDefaults(options),
  };
  const useless = (key: keyof TrainOptions, unless: string) => {
    if (options[key] === undefined || options[key] === 0) return;
    throw new UsageError(`--${flagName(key)} has no effect without ${unless}`);
  };
  const all = { ...MODEL_SETTINGS, ...TRAINING_SETTINGS };
  for (const [key, { onlyWith }] of Object.entries<Setting>(all)) {
    for (const [other, choices] of Object.entries(onlyWith ?? {})) {
      if (choices.includes(String(chosen[other as keyof typeof chosen]))) {
        continue;
      }
      const flag = flagName(other);
      useless(key as keyof TrainOptions, `--${flag} ${choices.join(" or ")}`);
    }
  }
  if (chosen.numLayers < 2) useless("dropout", "--num-layers 2 or more");
  if (warmup >= epochs) {
    throw new UsageError(
      `--warmup ${warmup} does not end within ${epochs} epochs: use a ` +
        "smaller --warmup, or more --epochs",
    );
  }
}

/** Throws a UsageError for settings that are out of their ranges. */
export function assertInRange(options: Partial<TrainingRecord>): void {
  try {
    assertSettings(withDefaults(options));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new UsageError(error.message);
  }
}
