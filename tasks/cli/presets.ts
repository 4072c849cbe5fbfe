/**
 * Presets: settings by name, for people who do not know the literature.
 *
 * @module
 */

import type { ChoiceFlag, Values } from "./flags.ts";
import type { CORPUS_FLAGS } from "./corpus.ts";
import type { SETTING_FLAGS } from "./training_flags.ts";

type Preset = Partial<
  Values<typeof SETTING_FLAGS> & Values<typeof CORPUS_FLAGS>
>;

/** Each as the flags that it stands for, beside the defaults of all flags. */
export const PRESETS = {
  // d2l 8.5, from scratch.
  chapter: {},
  // d2l 8.6, nn.RNN.
  concise: { "hidden-size": 256, init: "uniform" },
  // d2l 9.1 and 9.2, from scratch.
  gru: { cell: "gru", "hidden-size": 256 },
  lstm: { cell: "lstm", "hidden-size": 256 },
  // d2l 9.3, nn.LSTM.
  "deep-lstm": {
    cell: "lstm",
    "num-layers": 2,
    "hidden-size": 256,
    init: "uniform",
    "learning-rate": 2,
  },
  // A text of 0.1 to 10 MB: what has proved itself for models of characters.
  "own-text": {
    cell: "lstm",
    "num-layers": 2,
    "hidden-size": 256,
    "embedding-size": 64,
    dropout: 0.2,
    init: "uniform",
    "forget-bias": 1,
    optimizer: "adam",
    "learning-rate": 0.003,
    schedule: "cosine",
    "batch-size": 32,
    "num-steps": 64,
    epochs: 30,
    validation: 0.1,
    patience: 3,
  },
} as const satisfies Record<string, Preset>;

/** Name of a preset. */
export type PresetName = keyof typeof PRESETS;

/** The flag that chooses one. */
export const PRESET_FLAG: ChoiceFlag<PresetName> = {
  kind: "choice",
  choices: Object.keys(PRESETS) as PresetName[],
  help: "settings by name: d2l's runs, or own-text for a text of your own; " +
    "flags that are given go before",
};

/** The flags with the preset's beneath: what was given goes before. */
export function withPreset<F extends Preset>(
  preset: PresetName | undefined,
  given: F,
): F {
  const chosen: Preset = preset === undefined ? {} : PRESETS[preset];
  const present = Object.entries(given)
    .filter(([, value]) => value !== undefined && value !== false);
  return { ...given, ...chosen, ...Object.fromEntries(present) };
}

/** A preset as one would type it. */
export function presetFlags(preset: PresetName): string {
  const flags = Object.entries(PRESETS[preset]);
  if (flags.length === 0) return "the defaults";
  return flags.map(([flag, value]) => `--${flag} ${value}`).join(" ");
}
