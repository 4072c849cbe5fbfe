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
