import { textJoiner } from "./text_joiner.ts";
import type { Tokenizer } from "./tokenizer.ts";
import type { Vocabulary } from "./vocabulary.ts";

/**
 * The text that token ids stand for, in whole characters. At level `byte`, bytes of an
 * incomplete character at either end are left out, and other bytes that are not UTF-8
 * each become U+FFFD. The ids can therefore not be recovered from the text: keep them
 * if a model has to continue from them.
 *
 * @param ids Token ids, each at least 0 and below the size of the vocabulary.
 *
 * @example
 * ```ts
 * import { decodeIds } from "./decode_ids.ts";
 * import { tokenize } from "../tokenize.ts";
 *
 * const corpus = tokenize("éé", { level: "byte" }); // c3 a9 c3 a9
 * const ids = [...corpus.ids];
 * console.assert(decodeIds(corpus, ids.slice(1)) === "é");
 * console.assert(decodeIds(corpus, ids.slice(0, 3)) === "é");
 * ```
 */
export function decodeIds(
  { tokenizer: { level }, vocabulary }: {
    readonly tokenizer: Tokenizer;
    readonly vocabulary: Vocabulary;
  },
  ids: readonly number[],
): string {
  const tokens = ids.map((id) => vocabulary.tokens[id]);
  const from = level === "byte" ? firstWhole(tokens) : 0;
  return textJoiner(level)(tokens.slice(from)); // what is not whole is held back
}

/** How many bytes a text begins with that go on with a character before it. */
function firstWhole(bytes: readonly string[]): number {
  let length = 0;
  while (length < bytes.length && isContinuationByte(bytes[length])) length++;
  return length <= 3 ? length : 0; // of one character there are no more than 3
}

/** Whether a byte, written as the character of its number, goes on with a character. */
export function isContinuationByte(byte: string): boolean {
  return byte.length === 1 && (byte.charCodeAt(0) & 0xc0) === 0x80;
}
