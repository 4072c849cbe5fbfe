/**
 * How text is generated: the settings, their ranges and defaults.
 *
 * @module
 */

import { InputError } from "../input_error.ts";
import { MAX_SEED } from "../random.ts";
import { assertRecord, filledIn, type SettingsOf } from "../setting.ts";
import { type Clock, monotonicClock } from "../training/pace.ts";

/** Settings of `generate`. */
export interface GenerateOptions {
  /** Tokens to add to the prefix at the most, from 0 on. Default 50. */
  readonly maxNewTokens?: number;
  /**
   * What logits are divided by before a token is drawn: below 1 the likely tokens
   * become likelier, above 1 less so. 0, the default: the likeliest token is taken,
   * nothing is drawn, and `topK`, `topP` and `seed` change nothing.
   */
  readonly temperature?: number;
  /**
   * Draws from so many of the likeliest tokens; from all with 0, the default, and
   * with more than there are.
   */
  readonly topK?: number;
  /**
   * Draws from the likeliest tokens whose probabilities add up to this, above 0 and
   * up to 1, the default, which is all.
   */
  readonly topP?: number;
  /**
   * Makes tokens that the text holds already, the prefix included, less likely:
   * their logits are divided by it if above 0, else multiplied. Above 0; 1, the
   * default, changes nothing.
   */
  readonly repetitionPenalty?: number;
  /** Seed of every draw, a whole number from 0 on. Default 0. */
  readonly seed?: number;
  /**
   * A text to end before: it is looked for in what is generated, and never given
   * out, nor is what stands behind it. Line ends are read as those of a prefix.
   * Default: none.
   */
  readonly stop?: string;
  /** Decides how much text comes at once, never what it is. */
  readonly clock?: Clock;
}

/** Settings of `generateTokens`. */
export interface GenerateTokensOptions extends GenerateOptions {
  /** How many continuations to make side by side, from 1 on. Default 1. */
  readonly count?: number;
  /** Whether tokens come with their log-probabilities. Default false. */
  readonly logProbabilities?: boolean;
}

/** The settings, all filled in but `stop`. */
export type GenerateSettings =
  & Required<Omit<GenerateTokensOptions, "stop">>
  & Pick<GenerateTokensOptions, "stop">;

/** The settings that have a range. */
export type DrawSettings = Required<
  Omit<GenerateTokensOptions, "stop" | "clock">
>;

const count = { kind: "integer", least: 0 } as const;

/** How text is generated; the names in messages are those of the options. */
export const GENERATE_SETTINGS: SettingsOf<DrawSettings> = {
  maxNewTokens: {
    ...count,
    name: "maxNewTokens",
    help: "maximum number of tokens to add",
    default: 50,
  },
  temperature: {
    kind: "number",
    least: 0,
    name: "temperature",
    help: "randomness: about 0.5 is cautious, 1 uses the model's own " +
      "probabilities, more is wilder; 0 always takes the likeliest token",
    default: 0,
  },
  topK: {
    ...count,
    name: "topK",
    help: "draw only from the N likeliest tokens; 0: from all",
    default: 0,
  },
  topP: {
    kind: "number",
    least: 0,
    above: true,
    most: 1,
    name: "topP",
    help: "draw only from the likeliest tokens that together have this " +
      "probability",
    default: 1,
  },
  repetitionPenalty: {
    kind: "number",
    least: 0,
    above: true,
    name: "repetitionPenalty",
    help: "above 1: tokens that the text already contains become less likely",
    default: 1,
  },
  seed: {
    ...count,
    most: MAX_SEED,
    name: "seed",
    help: "the same seed draws the same text",
    default: 0,
  },
  count: {
    kind: "integer",
    least: 1,
    name: "count",
    help: "number of texts to generate at once",
    default: 1,
  },
  logProbabilities: {
    kind: "boolean",
    name: "logProbabilities",
    help: "give each token's log-probability",
    default: false,
  },
};

/**
 * The settings with their defaults.
 *
 * @throws {RangeError} If one is out of its range; the message names it.
 * @throws {TypeError} If one is of another type.
 */
export function generateSettings(
  options: GenerateTokensOptions,
): GenerateSettings {
  const settings = {
    ...filledIn(GENERATE_SETTINGS, options),
    stop: options.stop,
    clock: options.clock ?? monotonicClock,
  };
  assertRecord<DrawSettings>(
    GENERATE_SETTINGS,
    settings,
    (name) => `Cannot generate with ${name}`,
  );
  if (settings.stop === "") {
    throw new InputError(
      "Cannot generate with an empty stop text: it would end the text " +
        "immediately",
    );
  }
  return settings;
}
