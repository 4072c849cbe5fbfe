/**
 * Token files: a corpus stored as the bytes of one safetensors file.
 *
 * @module
 */

import { FormatError } from "../input_error.ts";
import { countOf, fieldsOf, parseJson, textOf } from "../json_value.ts";
import {
  concatenated,
  decodeSafetensors,
  type Elements,
  safetensorsParts,
} from "../safetensors.ts";
import type { Corpus } from "./corpus.ts";
import type { TokenIds } from "./token_ids.ts";
import { readTokenizer } from "./tokenizer.ts";
import { readVocabulary } from "./vocabulary.ts";

/**
 * Encodes a corpus; the same corpus gives the same bytes.
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
  return concatenated(tokenFileParts(corpus));
}

/**
 * The bytes of {@linkcode encodeTokenFile} as consecutive parts. The ids are not
 * copied, so that a large corpus can be written without a second copy of it in memory.
 *
 * @example
 * ```ts
 * import { encodeTokenFile, tokenFileParts } from "./token_file.ts";
 * import { tokenize } from "../tokenize.ts";
 *
 * const corpus = tokenize("to and fro");
 * const { size } = new Blob(tokenFileParts(corpus) as BlobPart[]);
 * console.assert(size === encodeTokenFile(corpus).length);
 * ```
 */
export function tokenFileParts(corpus: Corpus): Uint8Array[] {
  const { ids, validation, vocabulary, ...rest } = corpus;
  const tensors = new Map([["ids", { shape: [ids.length], data: ids }]]);
  if (validation) {
    const shape = [validation.length];
    tensors.set("validation", { shape, data: validation });
  }
  return safetensorsParts({
    tensors,
    metadata: new Map([
      ["weena.corpus", JSON.stringify(rest)],
      ["weena.vocabulary", JSON.stringify(vocabulary)],
    ]),
  });
}

/**
 * Decodes a corpus.
 *
 * @throws {SyntaxError} If the bytes are not a complete token file.
 */
export function decodeTokenFile(bytes: Uint8Array): Corpus {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const ids = tensors.get("ids")?.data;
  const validation = tensors.get("validation")?.data;
  const corpus = metadata.get("weena.corpus");
  const text = metadata.get("weena.vocabulary");
  if (!areIds(ids) || !corpus || !text) {
    throw new FormatError(
      "Not a token file: it does not hold ids and a vocabulary. Make " +
        "one with tokenize",
    );
  }
  if (validation && !areIds(validation)) {
    throw new FormatError(
      "Not a token file: its validation part does not consist of ids",
    );
  }
  const { vocabulary, ...rest } = readMetadata(corpus, text);
  assertWithin(ids, vocabulary.tokens.length);
  if (validation) assertWithin(validation, vocabulary.tokens.length);
  return { ...rest, vocabulary, ids, ...validation && { validation } };
}

/** What the metadata says of a corpus, checked. */
function readMetadata(
  corpus: string,
  vocabulary: string,
): Omit<Corpus, "ids" | "validation"> {
  try {
    const fields = fieldsOf(parseJson(corpus), "its corpus is");
    const tokens = fieldsOf(parseJson(vocabulary), "its vocabulary is");
    const tokenizer = fieldsOf(fields.get("tokenizer"), "its tokenizer is");
    return {
      name: textOf(fields.get("name"), "its name is"),
      tokenizer: readTokenizer(tokenizer),
      vocabulary: readVocabulary({
        tokens: tokens.get("tokens"),
        counts: tokens.get("counts"),
      }),
      lines: countOf(fields.get("lines"), "its number of lines is"),
      totalTokens: countOf(
        fields.get("totalTokens"),
        "its number of tokens is",
      ),
    };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError(`Not a token file: ${error.message}`);
  }
}

function areIds(data: Elements | undefined): data is TokenIds {
  return data instanceof Uint8Array || data instanceof Uint16Array ||
    data instanceof Uint32Array;
}

function assertWithin(ids: TokenIds, size: number): void {
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] < size) continue;
    throw new FormatError(
      `Not a token file: it holds the id ${ids[i]}, but its ` +
        `vocabulary has only ${size} tokens`,
    );
  }
}
