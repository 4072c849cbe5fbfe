/**
 * What is said of a command line that was not understood: what is wrong, and what
 * to type instead.
 *
 * @module
 */

import { rangeText } from "../../lib/setting.ts";
import { shellQuoted } from "./command_line.ts";
import type { Command, Flag, Flags } from "./command.ts";
import { didYouMean, nearest } from "./nearest.ts";

/** A word of a command line that belongs to no flag. */
export interface LooseWord {
  readonly text: string;
  /** The flag that it stands behind, and the value which that has already. */
  readonly behind?: { readonly flag: string; readonly value: string };
}

/** The longest word that a message repeats whole, in characters. */
const LONGEST = 80;

/** Where more is to be read: `(see deno task train --help)`. */
export function seeHelp({ name }: Pick<Command<Flags>, "name">): string {
  return `(see deno task ${name} --help)`;
}

/** A flag that the command does not have. */
export function unknownFlagMessage(
  command: Command<Flags>,
  word: string,
): string {
  const [given] = word.split("=");
  const names = [...Object.keys(command.flags), "help"];
  const found = nearest(given.replace(/^-+/, ""), names)
    .map((flag) => `--${flag}`);
  return `there is no flag ${cut(given)}${didYouMean(found)} ` +
    seeHelp(command);
}

/** A switch with a value. */
export function switchMessage(flag: string, word: string): string {
  return `--${flag} takes no value: type --${flag} alone, or leave it out, ` +
    `instead of ${cut(word)}`;
}

/** A flag without the value that it needs, before another flag or at the end. */
export function valueMessage(flag: string, spec: Flag, next?: string): string {
  return `--${flag} needs a value: ${valueOf(spec)}` +
    (spec.kind === "text" && next !== undefined
      ? `; type a value that begins with "--" as --${flag}=${cut(next)}`
      : "");
}

/** A word that is neither a flag, nor a flag's value, nor the command's argument. */
export function looseWordMessage(
  command: Command<Flags>,
  { text, behind }: LooseWord,
): string {
  const { flags, argument } = command;
  const word = JSON.stringify(cut(text)), see = seeHelp(command);
  if (/^[\u2010-\u2015\u2212]/.test(text)) {
    return `${word} begins with a typographic dash: a flag begins with two ` +
      `hyphens, "--" ${see}`;
  }
  if (behind && flags[behind.flag].kind === "text") {
    const { flag, value } = behind, spec = flags[flag];
    const one = /PATH|FILE/.test(valueOf(spec)) ? "file" : "value";
    const whole = cut(quoted(spec, `${value} ${text}`));
    return `${word} is one too many: --${flag} takes one ${one}, and has ` +
      `${JSON.stringify(cut(value))}; put a value with spaces in ` +
      `quotes: --${flag} ${whole} ${see}`;
  }
  if (argument) {
    return `${word} is one too many: ${command.name} takes one ` +
      `${argument.value} ${see}`;
  }
  const meant = meantFlags(flags, text)
    .map((flag) => `--${flag} ${cut(quoted(flags[flag], text))}`);
  return `${word} does not belong to a flag` +
    (meant.length > 0 ? `: type ${meant.join(" or ")} ${see}` : ` ${see}`);
}

/** The flags that a word is most likely meant for: the prefix; a text, or else a run. */
function meantFlags(flags: Flags, text: string): string[] {
  const has = (...names: string[]) =>
    names.filter((name) => Object.hasOwn(flags, name));
  if (has("prefix").length > 0) return ["prefix"];
  const isFile = /[./\\]/.test(text);
  return isFile && has("corpus").length > 0 ? ["corpus"] : has("corpus", "run");
}

/** A value as it is typed in a shell; one that may be any text stands in quotes always. */
function quoted(spec: Flag, value: string): string {
  const isText = spec.kind === "text" && spec.value === "TEXT";
  return isText && !/["$`\\!]/.test(value)
    ? `"${value}"`
    : shellQuoted([value]);
}

/** A text without its middle where it is long. */
export function cut(text: string): string {
  const characters = [...text];
  if (characters.length <= LONGEST) return text;
  return [...characters.slice(0, LONGEST / 2), "…", ...characters.slice(-8)]
    .join("");
}

/** What a flag takes, in words. */
export function valueOf(spec: Flag): string {
  switch (spec.kind) {
    case "choice":
      return spec.choices.join(" or ");
    case "integer":
    case "number":
      return rangeText(spec);
    case "text":
      return spec.value;
    case "switch":
      return "no value";
  }
}
