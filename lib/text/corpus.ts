/**
 * A text in token ids, and how it is made.
 *
 * @module
 */

import type { SettingsOf } from "../setting.ts";
import type { TokenIds } from "./token_ids.ts";
import { type Tokenizer, TOKENIZER_SETTINGS } from "./tokenizer.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** A text in token ids, with everything that is needed to read them. */
export interface Corpus {
  /** Name of the text, for people: `time-machine`, or the name of a file. */
  readonly name: string;
  /** How the text was split into tokens. */
  readonly tokenizer: Tokenizer;
  /** The tokens that the ids stand for. */
  readonly vocabulary: Vocabulary;
  /**
   * The ids to train on, each below `vocabulary.tokens.length`: all the ids that were
   * kept, except those held out for validation.
   */
  readonly ids: TokenIds;
  /**
   * The ids at the end that are held out for validation; undefined if there are none.
   */
  readonly validation?: TokenIds;
  /** Number of lines in the whole text. */
  readonly lines: number;
  /** Number of tokens in the whole text, before it is cut to `maxTokens`. */
  readonly totalTokens: number;
}

/** Settings of {@linkcode tokenize}. */
export interface TokenizeOptions extends Partial<Tokenizer> {
  /** Name of the text. Default `"text"`. */
  readonly name?: string;
  /** Tokens that occur less often become `<unk>`. Default 0: none. */
  readonly minFrequency?: number;
  /** How many tokens to keep, from the start. Default 0: all. */
  readonly maxTokens?: number;
  /**
   * Fraction of the kept tokens to hold out for validation, from the end: at least 0,
   * which holds out nothing, and below 1. Default 0.
   */
  readonly validation?: number;
  /** A vocabulary to use instead of the text's own, for example to evaluate a model. */
  readonly vocabulary?: Vocabulary;
  /**
   * Whether to append the other tokens of the text to `vocabulary`, for example to
   * train a model further on another text: its tokens keep their ids, and the new ones
   * follow in order of decreasing frequency; all the counts are those of this text.
   * Default false.
   */
  readonly extend?: boolean;
}

/** How a text is split into tokens, and which of them are kept. */
export const TOKENIZE_SETTINGS: SettingsOf<
  & Tokenizer
  & Required<Pick<TokenizeOptions, "minFrequency" | "maxTokens" | "validation">>
> = {
  ...TOKENIZER_SETTINGS,
  minFrequency: {
    kind: "integer",
    least: 0,
    name: "minimum frequency",
    help: "rarer tokens become <unk>",
    default: 0,
  },
  maxTokens: {
    kind: "integer",
    least: 0,
    name: "number of tokens",
    help: "number of tokens to keep, from the start; 0: all",
    default: 0,
  },
  validation: {
    kind: "number",
    least: 0,
    below: 1,
    name: "validation part",
    help: "fraction of the kept tokens to hold out, from the end; the " +
      "vocabulary is built without it",
    default: 0,
  },
};
