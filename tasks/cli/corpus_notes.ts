/**
 * What is odd about a corpus that a model is to be trained on.
 *
 * @module
 */

import type { Corpus } from "../../lib/text/corpus.ts";
import { type TokenIds, unknownCount } from "../../lib/text/token_ids.ts";
import { grouped } from "../shared/grouped.ts";
import { shortened } from "./describe.ts";
import { mixedForms } from "./mixed_forms.ts";
import { EXIT, TaskError } from "./exit.ts";

/** A greater share of `<unk>` is worth a note. */
const MUCH = 0.5;

/** Words that are longer on average stand in no text with spaces between them. */
const LONG = 20;

/**
 * How much of a text is `<unk>`: `0.3% <unk>`; empty where nothing is.
 *
 * @param parts The ids of its parts, such as those to train on and those held out.
 *
 * @example
 * ```ts
 * import { unknownText } from "./corpus_notes.ts";
 *
 * console.assert(unknownText(Uint8Array.of(0, 1, 2, 1)) === "25% <unk>");
 * ```
 */
export function unknownText(...parts: (TokenIds | undefined)[]): string {
  let unknown = 0, all = 0;
  for (const ids of parts) {
    if (!ids) continue;
    unknown += unknownCount(ids);
    all += ids.length;
  }
  return unknown === 0 ? "" : `${percentage(unknown / all)} <unk>`;
}

/** Throws a TaskError where every token would be `<unk>`, which predicts itself. */
export function assertKnownTokens(
  { name, vocabulary, tokenizer }: Corpus,
): void {
  if (vocabulary.tokens.length > 1) return;
  throw new TaskError(
    EXIT.input,
    `the vocabulary of ${name} contains only <unk>: no ` +
      `${tokenizer.level} occurs often enough. Use a smaller ` +
      "--min-frequency" +
      (tokenizer.level === "word" ? " or --level char" : ""),
  );
}

/** Sentences about what may not be meant; none of most texts. */
export function corpusNotes(corpus: Corpus): string[] {
  const { ids, validation, totalTokens } = corpus;
  const notes: string[] = [];
  const remedy = corpus.tokenizer.level === "word"
    ? "a smaller --min-frequency or --level char leaves fewer"
    : "a smaller --min-frequency leaves fewer";
  if (unknownCount(ids) > MUCH * ids.length) {
    notes.push(
      `the text is ${unknownText(ids)}, and a model will learn little ` +
        `else from it; ${remedy}`,
    );
  } else if (
    validation && unknownCount(validation) > MUCH * validation.length
  ) {
    notes.push(
      `the held-out part is ${unknownText(validation)}: it is very ` +
        `different from the part to train on; ${remedy}`,
    );
  }
  const length = meanLength(corpus);
  if (length > LONG) {
    notes.push(
      `its words have ${Math.round(length)} characters on average: if ` +
        "the text has no spaces between words, --level char is better",
    );
  }
  const mixed = mixedForms(corpus);
  if (mixed !== undefined) {
    notes.push(
      `it has ${JSON.stringify(shortened(mixed))} in two forms, as ` +
        "one character and as a letter followed by a mark " +
        `(${codes(shortened(mixed).normalize("NFD"))}), which are ` +
        'different tokens: unicodedata.normalize("NFC", text) in Python ' +
        "makes them the same",
    );
  }
  const kept = ids.length + (validation?.length ?? 0);
  const unused = unusedTokens(corpus);
  if (kept < totalTokens && unused > 0) {
    notes.push(
      `${grouped(unused)} of the vocabulary's ` +
        `${grouped(corpus.vocabulary.tokens.length)} tokens are not in ` +
        "the part that --max-tokens keeps, because the vocabulary is " +
        "built from the whole text. A file that holds only that part " +
        "would have a smaller vocabulary",
    );
  }
  return notes;
}

/** The code points of a text: `U+0065 U+0301`. */
function codes(text: string): string {
  return [...text].map((character) => {
    const code = character.codePointAt(0)!.toString(16).toUpperCase();
    return `U+${code.padStart(4, "0")}`;
  }).join(" ");
}

/** Tokens that stand nowhere in what is kept, of those that were counted. */
function unusedTokens({ vocabulary, ids, validation }: Corpus): number {
  const isUsed = new Uint8Array(vocabulary.tokens.length);
  for (const part of [ids, validation ?? []]) {
    for (let i = 0; i < part.length; i++) isUsed[part[i]] = 1;
  }
  return vocabulary.counts.reduce(
    (unused, count, id) => unused + Number(count > 0 && !isUsed[id]),
    0,
  );
}

/** Mean length of the words that were counted, in UTF-16 code units; else 0. */
function meanLength({ tokenizer, vocabulary }: Corpus): number {
  if (tokenizer.level !== "word") return 0;
  let length = 0, count = 0;
  vocabulary.counts.forEach((times, id) => {
    length += times * vocabulary.tokens[id].length;
    count += times;
  });
  return count === 0 ? 0 : length / count;
}

/** `0.3%`, `12%`; never `0%` or `100%` of what is none or all. */
function percentage(share: number): string {
  const percent = 100 * share;
  if (percent > 99 && percent < 100) return "above 99%";
  if (percent < 0.1) return "below 0.1%";
  return `${percent < 10 ? percent.toFixed(1) : Math.round(percent)}%`;
}
