/**
 * How text is generated: the settings, their ranges and defaults.
 *
 * @module
 */

import { InputError } from "../input_error.ts";
import { MAX_SEED } from "../random.ts";
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

/** The range of each number, as it is tested and as it is said. */
const RANGES = {
  maxNewTokens: [isWhole, "a whole number of at least 0"],
  temperature: [(x: number) => x >= 0, "a number of at least 0"],
  topK: [isWhole, "a whole number of at least 0"],
  topP: [(x: number) => x > 0 && x <= 1, "a number above 0, up to 1"],
  repetitionPenalty: [(x: number) => x > 0, "a number above 0"],
  seed: [isWhole, `a whole number from 0 to ${MAX_SEED}`],
  count: [(x: number) => isWhole(x) && x > 0, "a whole number of at least 1"],
} as const;

/**
 * The settings with their defaults.
 *
 * @throws {RangeError} If one is out of its range; the message names it.
 */
export function generateSettings(
  options: GenerateTokensOptions,
): GenerateSettings {
  const settings = {
    maxNewTokens: options.maxNewTokens ?? 50,
    temperature: options.temperature ?? 0,
    topK: options.topK ?? 0,
    topP: options.topP ?? 1,
    repetitionPenalty: options.repetitionPenalty ?? 1,
    seed: options.seed ?? 0,
    stop: options.stop,
    clock: options.clock ?? monotonicClock,
    count: options.count ?? 1,
    logProbabilities: options.logProbabilities ?? false,
  };
  for (const [name, [isInRange, range]] of Object.entries(RANGES)) {
    const value = settings[name as keyof typeof RANGES];
    if (Number.isFinite(value) && isInRange(value)) continue;
    throw new InputError(
      `Cannot generate with ${name} ${value}: expected ${range}`,
    );
  }
  if (settings.stop === "") {
    throw new InputError(
      "Cannot generate with an empty stop text: it would end the text " +
        "immediately",
    );
  }
  return settings;
}

function isWhole(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
