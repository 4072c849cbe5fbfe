/**
 * Text that a model writes.
 *
 * @module
 */

import { encodePrefix } from "../../lib/text/prefix.ts";
import { textJoiner } from "../../lib/text/text_joiner.ts";
import { turn } from "../../lib/training/pace.ts";
import {
  type Backend,
  type Corpus,
  generate,
  type TrainedModel,
} from "../../mod.ts";
import type { WriteRequest } from "./protocol.ts";

/**
 * Continues a prefix, piece by piece, until it is done or overtaken; returns the
 * whole.
 */
export async function write(
  model: TrainedModel,
  backend: Backend,
  { prefix, length, temperature, topP, seed }: Omit<WriteRequest, "layer">,
  { isOvertaken, onPiece }: {
    readonly isOvertaken?: () => boolean;
    readonly onPiece: (piece: string) => void;
  },
): Promise<string> {
  const options = { maxNewTokens: length, temperature, topP, seed };
  let text = "";
  for await (const piece of generate(model, prefix, backend, options)) {
    if (isOvertaken?.()) break;
    text += piece;
    onPiece(piece);
    await turn(); // what the page asks meanwhile is heard
  }
  return text;
}

/** The prefix where a model knows all of it, else the token it has seen most. */
export function usablePrefix(model: TrainedModel, prefix: string): string {
  for (const candidate of [prefix, prefix.toLowerCase()]) {
    try {
      encodePrefix(model, candidate);
      return candidate;
    } catch {
      // The next may do.
    }
  }
  const { vocabulary, tokenizer } = model;
  return textJoiner(tokenizer.level)([vocabulary.tokens[1] ?? ""], true);
}

/** Tokens of a text that samples begin with. */
const BEGINNING = 12;

/** The first words of a text. */
export function beginning({ ids, vocabulary, tokenizer }: Corpus): string {
  const tokens = Array.from(
    ids.slice(0, BEGINNING),
    (id) => vocabulary.tokens[id],
  );
  const text = textJoiner(tokenizer.level)(tokens, true);
  return text.slice(0, text.lastIndexOf(" ") + 1 || undefined);
}
