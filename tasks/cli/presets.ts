/**
 * Presets: settings by name, for people who do not know the literature.
 *
 * @module
 */

import type { ChoiceFlag, Values } from "./command.ts";
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
  // A text of up to 10 MB: what has proved itself for models of characters. Of a small
  // one the batch size is smaller: see batchSizeFor.
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
  help: "a named set of flags: d2l's runs, or own-text for your own " +
    "text; flags that you give override it",
};

/**
 * The flags over the preset's settings: a flag that was given overrides them.
 *
 * @param tokens How many there are to train on, once that is known: the preset
 * own-text has smaller minibatches for a small text.
 */
export function withPreset<F extends Preset>(
  preset: PresetName | undefined,
  given: F,
  tokens?: number,
): F {
  const present = Object.entries(given)
    .filter(([, value]) => value !== undefined && value !== false);
  return {
    ...given,
    ...settingsOf(preset, tokens),
    ...Object.fromEntries(present),
  };
}

/**
 * A preset as one would type it, less the flags that were given otherwise.
 *
 * @param flags All flags, as {@linkcode withPreset} gives them.
 * @param tokens As for `withPreset`.
 *
 * @example
 * ```ts
 * import { presetFlags, withPreset } from "./presets.ts";
 *
 * const flags = withPreset("gru", { "hidden-size": 64 });
 * console.assert(presetFlags("gru", flags) === "--cell gru");
 * ```
 */
export function presetFlags(
  preset: PresetName,
  flags: Preset = PRESETS[preset],
  tokens?: number,
): string {
  const all = Object.entries(settingsOf(preset, tokens));
  if (all.length === 0) return "the defaults";
  const kept = all.filter(([flag, value]) =>
    flags[flag as keyof Preset] === value
  );
  if (kept.length === 0) return "every flag of it is overridden";
  return kept.map(([flag, value]) => `--${flag} ${value}`).join(" ");
}

/** Minibatches that an epoch of the preset own-text is to have at least. */
const LEAST_MINIBATCHES = 50;

/** The least batch size that is chosen for a small text. */
const LEAST_ROWS = 4;

/**
 * Rows of a minibatch of the preset own-text: a power of two, at most the preset's, so
 * that an epoch has enough minibatches to learn from. (Of a text of 30 kB the best
 * validation perplexity was 4.54 with 32 rows, and 4.12 with 8.)
 *
 * @example
 * ```ts
 * import { batchSizeFor } from "./presets.ts";
 *
 * console.assert(batchSizeFor(27_000) === 8 && batchSizeFor(1e6) === 32);
 * ```
 */
export function batchSizeFor(tokens: number): number {
  const { "batch-size": most, "num-steps": steps } = PRESETS["own-text"];
  const rows = Math.max(1, tokens / (steps * LEAST_MINIBATCHES));
  return Math.min(most, Math.max(LEAST_ROWS, 2 ** Math.floor(Math.log2(rows))));
}

function settingsOf(preset: PresetName | undefined, tokens?: number): Preset {
  if (preset === undefined) return {};
  if (preset !== "own-text" || tokens === undefined) return PRESETS[preset];
  return { ...PRESETS[preset], "batch-size": batchSizeFor(tokens) };
}
