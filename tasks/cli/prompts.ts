/**
 * Texts that were typed for a model: whether it can read or write them and, where a
 * shell is the reason that it cannot, how they are typed.
 *
 * @module
 */

import { InputError } from "../../lib/input_error.ts";
import {
  encodePrefix,
  listStrangers,
  otherNormalForm,
  strangersIn,
  withLineEnds,
} from "../../lib/text/prefix.ts";
import type { TrainedModel } from "../../lib/training/checkpoint.ts";
import { shellQuoted } from "./command_line.ts";
import { EXIT, TaskError } from "./exit.ts";

/** What of a model says which texts it knows. */
type Reader = Pick<TrainedModel, "tokenizer" | "vocabulary">;

/** Throws a TaskError unless the model can go on with the text of --prefix. */
export function assertPrefix(model: Reader, prefix: string): void {
  try {
    encodePrefix(model, prefix);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const advice = typingAdvice(model, "prefix", prefix);
    throw new TaskError(EXIT.input, error.message + advice);
  }
}

/** Throws a TaskError unless the model can write the text of --stop. */
export function assertStop(model: Reader, stop: string): void {
  const { level } = model.tokenizer;
  const strangers = strangersIn(model, stop);
  if (level === "word" ? canBeWritten(model, stop) : strangers.length === 0) {
    return;
  }
  const reason = level === "word"
    ? "the model writes the words of its vocabulary with single " +
      "spaces between them"
    : `the model's vocabulary has no ${listStrangers(strangers)}`;
  throw new TaskError(
    EXIT.input,
    `--stop ${shellQuoted([stop])} can never occur: ${reason}` +
      typingAdvice(model, "stop", stop),
  );
}

/** Whether a text can stand in what a model of words writes. */
function canBeWritten({ vocabulary }: Reader, text: string): boolean {
  const [, ...words] = vocabulary.tokens; // less <unk>
  const parts = text.split(" ");
  const last = parts.length - 1;
  if (last === 0) return words.some((word) => word.includes(text));
  return parts.every((part, i) =>
    words.some((word) =>
      i === 0
        ? word.endsWith(part)
        : i === last
        ? word.startsWith(part)
        : word === part
    )
  );
}

/** How a text is typed in a shell where what was typed reads as another; else nothing. */
function typingAdvice(model: Reader, flag: string, text: string): string {
  const left = strangersIn(model, text).length;
  const isBetter = (other: string) => strangersIn(model, other).length < left;
  const plain = text.replace(/\\[nrt]/g, (escape) => ESCAPED[escape]);
  const hasBackslash = model.vocabulary.tokens.some((t) => t.includes("\\"));
  if (plain !== text && !hasBackslash && isBetter(withLineEnds(model, plain))) {
    return ". This model never writes a backslash; in bash or zsh, a " +
      `newline or a tab is typed as in --${flag} ` +
      `${escapeQuoted(plain)}`;
  }
  const form = otherNormalForm(model, text);
  return form === undefined
    ? ""
    : ". In bash or zsh, the form that the model knows is typed as in " +
      `--${flag} ` +
      escapeQuoted(text.normalize(form));
}

/** What the escapes stand for in a shell's `$'…'`. */
const ESCAPED: Readonly<Record<string, string>> = {
  "\\n": "\n",
  "\\r": "\r",
  "\\t": "\t",
};

/** A text as `$'…'`, in which accents are seen to be apart or part of their letters. */
function escapeQuoted(text: string): string {
  const escapes = new Map(
    Object.entries(ESCAPED).map(([escape, character]) => [character, escape]),
  );
  const characters = [...text].map((character) => {
    if (character === "\\" || character === "'") return `\\${character}`;
    const isApart = character.normalize("NFD") !== character ||
      /\p{M}/u.test(character);
    if (!isApart) return escapes.get(character) ?? character;
    const code = character.codePointAt(0)!.toString(16);
    return code.length > 4
      ? `\\U${code.padStart(8, "0")}`
      : `\\u${code.padStart(4, "0")}`;
  });
  return `$'${characters.join("")}'`;
}
