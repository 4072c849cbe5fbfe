/**
 * Token files: a corpus as the bytes of one safetensors file.
 *
 * @module
 */

import { decodeSafetensors, encodeSafetensors } from "../safetensors.ts";
import type { Corpus } from "../tokenize.ts";

/**
 * Writes a corpus; the same corpus gives the same bytes.
 *
 * @example
 * ```ts
 * import { decodeTokenFile, encodeTokenFile } from "./token_file.ts";
 * import { tokenize } from "../tokenize.ts";
 *
 * const bytes = encodeTokenFile(tokenize("to and fro"));
 * console.assert(decodeTokenFile(bytes).ids.length === 10);
 * ```
 */
export function encodeTokenFile(corpus: Corpus): Uint8Array {
  const { ids, vocabulary, ...rest } = corpus;
  return encodeSafetensors({
    tensors: new Map([["ids", { shape: [ids.length], data: ids }]]),
    metadata: new Map([
      ["weena.corpus", JSON.stringify(rest)],
      ["weena.vocabulary", JSON.stringify(vocabulary)],
    ]),
  });
}

/**
 * Reads a corpus.
 *
 * @throws {SyntaxError} If the bytes are not a whole token file.
 */
export function decodeTokenFile(bytes: Uint8Array): Corpus {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const ids = tensors.get("ids")?.data;
  const corpus = metadata.get("weena.corpus");
  const vocabulary = metadata.get("weena.vocabulary");
  if (!(ids instanceof Uint32Array) || !corpus || !vocabulary) {
    throw new SyntaxError(
      "Not a token file: it holds no ids and vocabulary. Make one with tokenize",
    );
  }
  const read: Corpus = {
    ...JSON.parse(corpus),
    vocabulary: JSON.parse(vocabulary),
    ids,
  };
  const size = read.vocabulary.tokens.length;
  const stray = ids.find((id) => id >= size);
  if (stray === undefined) return read;
  throw new SyntaxError(
    `Not a token file: it holds the id ${stray}, but its vocabulary ${size} tokens`,
  );
}
