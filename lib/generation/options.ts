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
  /** Maximum number of tokens to add to the prefix, at least 0. Default 50. */
  readonly maxNewTokens?: number;
  /**
   * What logits are divided by before a token is drawn: below 1, likely tokens become
   * even likelier; above 1, less so. With 0, the default, the likeliest token is always
   * taken, and `topK`, `topP` and `seed` have no effect.
   */
  readonly temperature?: number;
  /**
   * How many of the likeliest tokens to draw from. With 0, the default, or more than
   * there are: from all tokens.
   */
  readonly topK?: number;
  /**
   * Draws only from the likeliest tokens whose probabilities add up to this: above 0
   * and up to 1, the default, which means all tokens.
   */
  readonly topP?: number;
  /**
   * Makes tokens that the text already contains, including the prefix, less likely:
   * their logits are divided by this number if they are above 0, otherwise multiplied
   * by it. Above 0; 1, the default, has no effect.
   */
  readonly repetitionPenalty?: number;
  /** Seed of every random draw, a whole number of at least 0. Default 0. */
  readonly seed?: number;
  /**
   * The generated text ends before this text: neither it nor anything after it is ever
   * returned. It is searched for only in what is generated, and its line breaks are
   * treated like those of a prefix. Default: none.
   */
  readonly stop?: string;
  /** Determines how much text is returned at once, never what it is. */
  readonly clock?: Clock;
}

/** Settings of `generateTokens`. */
export interface GenerateTokensOptions extends GenerateOptions {
  /** How many continuations to generate side by side, at least 1. Default 1. */
  readonly count?: number;
  /** Whether tokens have their log-probabilities. Default false. */
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
