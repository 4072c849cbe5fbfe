/**
 * A text in token ids, and how to come to it.
 *
 * @module
 */

import type { SettingsOf } from "../setting.ts";
import type { TokenIds } from "./token_ids.ts";
import { type Tokenizer, TOKENIZER_SETTINGS } from "./tokenizer.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** A text in token ids, with all that is needed to read them. */
export interface Corpus {
  /** What the text is called, for people: `time-machine`, a file's name. */
  readonly name: string;
  /** How the text was cut. */
  readonly tokenizer: Tokenizer;
  /** The tokens behind the ids. */
  readonly vocabulary: Vocabulary;
  /**
   * Ids below `vocabulary.tokens.length`, those to train on: all that were kept,
   * less the ones held out for validation.
   */
  readonly ids: TokenIds;
  /** Ids of the end of what was kept, held out; undefined where nothing was. */
  readonly validation?: TokenIds;
  /** Lines of the whole text. */
  readonly lines: number;
  /** Tokens of the whole text, before the cut to `maxTokens`. */
  readonly totalTokens: number;
}

/** Settings of {@linkcode tokenize}. */
export interface TokenizeOptions extends Partial<Tokenizer> {
  /** What to call the text. Default `"text"`. */
  readonly name?: string;
  /** Tokens that appear less often become `<unk>`. Default 0: none. */
  readonly minFrequency?: number;
  /** How many tokens to keep, from the first on. Default 0: all. */
  readonly maxTokens?: number;
  /**
   * How much to hold out for validation: this fraction of the tokens kept, from
   * the end. From 0, which holds out nothing, to below 1. Default 0.
   */
  readonly validation?: number;
  /** A vocabulary to use in place of the text's own, as when a model is evaluated. */
  readonly vocabulary?: Vocabulary;
  /**
   * Append to `vocabulary` what the text has besides, as when a model is trained
   * further on another text: its tokens keep their ids, and the new ones follow by
   * falling frequency; the counts are all of this text. Default false.
   */
  readonly extend?: boolean;
}

/** How a text is cut into tokens, and which of them are kept. */
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
