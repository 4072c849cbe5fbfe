/**
 * What the samples of a training begin with.
 *
 * @module
 */

import {
  canContinue,
  type Corpus,
  encodePrefix,
  textJoiner,
} from "../../mod.ts";
import { isTextName } from "./text_names.ts";

/** A beginning, in token ids and as text: whole characters, or whole words. */
export interface SampleStart {
  /** Ids of the corpus' vocabulary, none of them that of `<unk>`. */
  readonly ids: readonly number[];
  readonly text: string;
}

/** The book's own prompts (d2l 8.5), for the texts that go by a name. */
const BOOK_PROMPTS = ["time traveller", "traveller"];

/** How many characters, as people count them, or words a text's own start has. */
const LENGTH = 10;

/** How many tokens, from the first on, are searched for a start. */
const SEARCHED = 2 ** 14;

/**
 * What samples of a model of this corpus can begin with: the book's prompts for its
 * texts, else the text's own start, which is the first ten characters or words in a
 * row that are all in the vocabulary, or the most there are. None where nothing is,
 * as with a vocabulary of `<unk>` alone.
 */
export function sampleStarts(corpus: Corpus): readonly SampleStart[] {
  const isBook = isTextName(corpus.name) &&
    corpus.tokenizer.normalize === "letters";
  const prompts = isBook
    ? BOOK_PROMPTS.filter((text) => canContinue(corpus, text))
    : [];
  const texts = prompts.length > 0 ? prompts : ownStart(corpus);
  return texts.map((text) => ({ ids: encodePrefix(corpus, text), text }));
}

/** The text's own start, if it has one. */
function ownStart(corpus: Corpus): string[] {
  const { level } = corpus.tokenizer;
  const joined = level === "word" ? " " : "";
  let longest: string[] = [];
  for (const text of knownParts(corpus)) {
    const start = level === "word" ? wordsOf(text) : charactersOf(text);
    if (start.length > longest.length) longest = start;
    if (longest.length === LENGTH) break;
  }
  return longest.length > 0 ? [longest.join(joined)] : [];
}

/** The parts of a text, near its beginning, of which the vocabulary has all. */
function knownParts({ ids, tokenizer, vocabulary }: Corpus): string[] {
  const { level } = tokenizer;
  const parts: string[][] = [[]];
  for (const id of ids.subarray(0, SEARCHED)) {
    if (id === 0) parts.push([]);
    else parts.at(-1)!.push(vocabulary.tokens[id]);
  }
  const texts = parts.map((tokens) => textJoiner(level)(tokens, true));
  // Bytes that are no character are U+FFFD; between them are those that are.
  return level === "byte"
    ? texts.flatMap((text) => text.split("\ufffd"))
    : texts;
}

function wordsOf(text: string): string[] {
  return text.split(" ", LENGTH).filter((word) => word !== "");
}

/** Characters as people count them, without blank ones at the beginning. */
function charactersOf(text: string): string[] {
  // Marks and joiners at the beginning belong to a character that is not there.
  const begun = text.replace(/^[\s\p{M}\p{Cf}]+/u, "");
  const near = begun.slice(0, 20 * LENGTH);
  const characters = Array.from(
    new Intl.Segmenter().segment(near),
    ({ segment }) => segment,
  );
  if (near.length < begun.length) characters.pop(); // it may go on
  return characters.slice(0, LENGTH);
}
