/**
 * Tokens and their ids.
 *
 * @module
 */

/** The token that stands for all that are not in the vocabulary; its id is 0. */
export const UNKNOWN = "<unk>";

/** Tokens by id, and how often each stood in the text it was built from. */
export interface Vocabulary {
  /** Token of each id; the first is `<unk>`, all differ. */
  readonly tokens: readonly string[];
  /** How often each was counted, in the order of ids; 0 for `<unk>`. */
  readonly counts: readonly number[];
}

/**
 * The vocabulary of a text: `<unk>`, then by falling frequency, of equals the one
 * that appeared first. Tokens rarer than `minFrequency` are left out.
 *
 * Source: d2l 8.2.3, class `Vocab`.
 *
 * @example
 * ```ts
 * import { buildVocabulary } from "./vocabulary.ts";
 *
 * const { tokens } = buildVocabulary("abracadabra");
 * console.assert(tokens.join(" ") === "<unk> a b r c d");
 * ```
 */
export function buildVocabulary(
  tokens: Iterable<string>,
  minFrequency = 0,
): Vocabulary {
  const counts = new Map<string, number>();
  for (const token of tokens) counts.set(token, (counts.get(token) ?? 0) + 1);
  counts.delete(UNKNOWN); // a text may hold the word itself
  const kept = [...counts]
    .filter(([, count]) => count >= minFrequency)
    .sort(([, a], [, b]) => b - a); // stable: of equals the first stays first
  return {
    tokens: [UNKNOWN, ...kept.map(([token]) => token)],
    counts: [0, ...kept.map(([, count]) => count)],
  };
}

/**
 * Ids of tokens; 0 for those that the vocabulary has not.
 *
 * @example
 * ```ts
 * import { buildVocabulary, encode } from "./vocabulary.ts";
 *
 * console.assert(encode(buildVocabulary("aab"), "abc").join() === "1,2,0");
 * ```
 */
export function encode(
  vocabulary: Vocabulary,
  tokens: Iterable<string>,
): Uint32Array {
  const ids = new Map(vocabulary.tokens.map((token, id) => [token, id]));
  ids.set(UNKNOWN, 0);
  let encoded = new Uint32Array(1024), length = 0;
  for (const token of tokens) {
    if (length === encoded.length) {
      const longer = new Uint32Array(2 * length);
      longer.set(encoded);
      encoded = longer;
    }
    encoded[length++] = ids.get(token) ?? 0;
  }
  return encoded.slice(0, length);
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
  throw new RangeError(
    `Cannot ${what} "${corpus.name}": it was tokenized with another ` +
      `vocabulary than the model's. Pass the checkpoint's to tokenize`,
  );
}
