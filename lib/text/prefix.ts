import { splitText, type Tokenizer } from "./tokenizer.ts";
import { idsByToken, type Vocabulary } from "./vocabulary.ts";

/**
 * Ids of a text to begin with, each token of it in the vocabulary. The text is
 * taken as it is: what was cleaned away in training is an error here.
 *
 * @throws {RangeError} If the prefix is empty or holds what is not in the
 * vocabulary; the message lists it with its positions, from 1 on.
 *
 * @example
 * ```ts
 * import { encodePrefix } from "./prefix.ts";
 * import { tokenize } from "../tokenize.ts";
 *
 * console.assert(encodePrefix(tokenize("aab"), "ba").join() === "2,1");
 * ```
 */
export function encodePrefix(
  { tokenizer, vocabulary }: {
    readonly tokenizer: Tokenizer;
    readonly vocabulary: Vocabulary;
  },
  prefix: string,
): number[] {
  const { level } = tokenizer;
  const { tokens } = splitText(prefix, { level, normalize: "none" });
  if (tokens.length === 0) {
    throw new RangeError(
      `Cannot continue an empty prefix: at least one ${level} is needed to begin with`,
    );
  }
  const ids = idsByToken(vocabulary);
  const strangers = tokens
    .map((token, i) => ({ token, position: i + 1 }))
    .filter(({ token }) => !(ids.get(token)! > 0));
  if (strangers.length > 0) {
    const listed = strangers.slice(0, 8)
      .map(({ token, position }) => `${JSON.stringify(token)} at ${position}`);
    if (strangers.length > 8) listed.push(`${strangers.length - 8} more`);
    throw new RangeError(
      `Cannot continue the prefix: the model's vocabulary has no ` +
        `${listed.join(", ")}` +
        (tokenizer.normalize === "letters"
          ? ". It was trained on lower-case letters a to z and spaces"
          : ""),
    );
  }
  return tokens.map((token) => ids.get(token)!);
}
