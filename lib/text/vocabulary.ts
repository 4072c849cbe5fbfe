/**
 * Tokens and their ids.
 *
 * @module
 */

import { FormatError, InputError } from "../input_error.ts";
import { numbersOf, textsOf } from "../json_value.ts";

/** The token that stands for everything that is not in the vocabulary; its id is 0. */
export const UNKNOWN = "<unk>";

/** The tokens by id, and how often each one occurred in the text it was built from. */
export interface Vocabulary {
  /** The token of each id; the first one is `<unk>`, and all are different. */
  readonly tokens: readonly string[];
  /** How often each token was counted, ordered by id; 0 for `<unk>`. */
  readonly counts: readonly number[];
}

/**
 * A vocabulary that was read from a file.
 *
 * @throws {FormatError} If its tokens are no texts or its counts no numbers, or there
 * are not as many tokens as expected, each different and the first `<unk>`, and as
 * many counts.
 */
export function readVocabulary(
  read: { readonly tokens: unknown; readonly counts: unknown },
  size?: number,
): Vocabulary {
  const tokens = textsOf(read.tokens, "its vocabulary is");
  const counts = numbersOf(read.counts, "its counts are");
  size ??= tokens.length;
  if (
    tokens.length === size && counts.length === size && tokens[0] === UNKNOWN &&
    new Set(tokens).size === size
  ) return { tokens, counts };
  throw new FormatError(
    `its vocabulary does not have ${size} different tokens`,
  );
}

/** Settings of {@linkcode buildVocabulary}. */
export interface VocabularyOptions {
  /** Tokens that appear less often are left out. Default 0: none. */
  readonly minFrequency?: number;
  /** A vocabulary whose tokens keep their ids, however often they appear. */
  readonly extended?: Vocabulary;
}

/**
 * The vocabulary of a text: `<unk>`, then in order of decreasing frequency, among
 * equals the one that appeared first. The tokens of a vocabulary that is extended come
 * first.
 *
 * Source: d2l 8.2.3, class `Vocab`.
 *
 * @param counted The text's tokens, by first appearance, and how often each stands in
 * it; tokens counted 0 times do not belong to it.
 *
 * @example
 * ```ts
 * import { buildVocabulary } from "./vocabulary.ts";
 *
 * const { tokens } = buildVocabulary([["a", 2], ["b", 5], ["r", 2]]);
 * console.assert(tokens.join(" ") === "<unk> b a r");
 * ```
 */
export function buildVocabulary(
  counted: Iterable<readonly [token: string, count: number]>,
  { minFrequency = 0, extended }: VocabularyOptions = {},
): Vocabulary {
  const given = extended?.tokens.slice(1) ?? [];
  const counts = new Map(counted);
  counts.delete(UNKNOWN); // a text may hold the word itself
  const givenCounts = given.map((token) => counts.get(token) ?? 0);
  for (const token of given) counts.delete(token);
  const added = [...counts]
    .filter(([, count]) => count > 0 && count >= minFrequency)
    .sort(([, a], [, b]) => b - a); // stable: of equals the first stays first
  return {
    tokens: [UNKNOWN, ...given, ...added.map(([token]) => token)],
    counts: [0, ...givenCounts, ...added.map(([, count]) => count)],
  };
}

/**
 * The id of each token, including `<unk>`; any other token has the id 0 too.
 *
 * @example
 * ```ts
 * import { idsByToken } from "./vocabulary.ts";
 *
 * const ids = idsByToken({ tokens: ["<unk>", "a", "b"], counts: [0, 2, 1] });
 * console.assert(ids.get("b") === 2);
 * ```
 */
export function idsByToken(
  { tokens }: Vocabulary,
): ReadonlyMap<string, number> {
  return new Map(tokens.map((token, id) => [token, id]));
}

/**
 * Throws a RangeError unless a text was tokenized with a model's vocabulary.
 *
 * @param what What is to be done with the text: `evaluate`.
 */
export function assertSameVocabulary(
  corpus: { readonly name: string; readonly vocabulary: Vocabulary },
  { tokens }: Vocabulary,
  what: string,
): void {
  const other = corpus.vocabulary.tokens;
  if (
    other === tokens ||
    other.length === tokens.length && other.every((t, id) => t === tokens[id])
  ) return;
  throw new InputError(
    `Cannot ${what} "${corpus.name}": it was not tokenized with the ` +
      "vocabulary of the model. Pass the vocabulary of the checkpoint " +
      "to tokenize",
  );
}
