/**
 * Command lines, read by a command's table.
 *
 * @module
 */

import { parseArgs } from "@std/cli";
import { isInRange } from "../../lib/setting.ts";
import type {
  ChoiceFlag,
  Command,
  Flag,
  Flags,
  NumberFlag,
  TextFlag,
  Values,
} from "./command.ts";
import {
  cut,
  type LooseWord,
  looseWordMessage,
  seeHelp,
  switchMessage,
  unknownFlagMessage,
  valueMessage,
  valueOf,
} from "./usage_messages.ts";

/** A wrong command line: one sentence, said on stderr, exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A command line that was understood. */
export interface CommandLine<F extends Flags> {
  readonly flags: Values<F>;
  /** Undefined where the command takes none, or can do without. */
  readonly argument?: string;
  /** All of them, where there may be several. */
  readonly several: readonly string[];
}

/**
 * Parses a command line. A flag that needs a value takes the next word, whatever
 * that begins with, unless it is one of the command's flags. Behind `--` no word is
 * a flag.
 *
 * @throws {UsageError} If a flag is unknown, repeated, lacks its value, or has one
 * out of its range, or if the argument is missing or there are more than one.
 */
export function parseCommandLine<F extends Flags>(
  command: Command<F>,
  args: readonly string[],
): CommandLine<F> {
  const { flags, argument } = command;
  const { flagWords, looseWords } = sortWords(command, args);
  const names = Object.keys(flags);
  const valued = names.filter((flag) => flags[flag].kind !== "switch");
  const parsed = parseArgs([...flagWords, "--"], {
    boolean: names.filter((flag) => flags[flag].kind === "switch"),
    string: valued,
    collect: valued,
  });
  const values = Object.fromEntries(names.map((flag) => {
    const spec = flags[flag];
    if (spec.kind === "switch") return [flag, parsed[flag] === true];
    const [text, another] = parsed[flag] as readonly string[];
    if (another !== undefined) {
      throw new UsageError(`--${flag} was given twice`);
    }
    return [
      flag,
      text === undefined ? spec.default : readValue(flag, spec, text),
    ];
  })) as Values<F>;
  const [loose] = looseWords.slice(argument ? 1 : 0);
  if (loose && !argument?.several) {
    throw new UsageError(looseWordMessage(command, loose));
  }
  const several = looseWords.map(({ text }) => text);
  const isMissing = several.length === 0 && !argument?.optional;
  if (argument && (isMissing || several[0] === "")) {
    throw new UsageError(
      `${argument.value} is missing: ${argument.help} ${seeHelp(command)}`,
    );
  }
  return { flags: values, argument: several[0], several };
}

/**
 * Each flag with its value as one word, `--flag=value`, and the words that belong to
 * no flag.
 *
 * @throws {UsageError} If a flag is unknown, lacks its value, or takes none.
 */
function sortWords(
  command: Command<Flags>,
  args: readonly string[],
): { flagWords: string[]; looseWords: LooseWord[] } {
  const flagWords: string[] = [], looseWords: LooseWord[] = [];
  let behind: LooseWord["behind"]; // a flag, for the one word that follows
  for (let i = 0; i < args.length; i++) {
    const word = args[i], next = args[i + 1];
    if (word === "--") {
      looseWords.push(...args.slice(i + 1).map((text) => ({ text })));
      break;
    }
    if (word === "-" || !word.startsWith("-")) {
      looseWords.push({ text: word, behind });
      behind = undefined;
      continue;
    }
    const flag = flagOf(command, word);
    if (flag === undefined) {
      throw new UsageError(unknownFlagMessage(command, word));
    }
    const spec = command.flags[flag] ?? HELP;
    if (spec.kind === "switch") {
      assertAlone(flag, word, next);
      behind = undefined;
      flagWords.push(word);
      continue;
    }
    const isJoined = word.includes("=");
    if (!isJoined && next !== undefined && flagOf(command, next)) {
      throw new UsageError(valueMessage(flag, spec, next));
    }
    const value = isJoined ? word.slice(word.indexOf("=") + 1) : args[++i];
    const mayBeEmpty = spec.kind === "text" && spec.mayBeEmpty;
    if (value === undefined || value === "" && !mayBeEmpty) {
      throw new UsageError(valueMessage(flag, spec));
    }
    behind = { flag, value };
    flagWords.push(`--${flag}=${value}`);
  }
  return { flagWords, looseWords };
}

/** The flag that every command has. */
const HELP: Flag = { kind: "switch", help: "" };

/** The name of the command's flag that a word is, with or without a value. */
function flagOf({ flags }: Command<Flags>, word: string): string | undefined {
  const name = /^--([^=]+)/.exec(word)?.[1];
  if (name === undefined) return undefined;
  return name === "help" || Object.hasOwn(flags, name) ? name : undefined;
}

/** Throws a UsageError where a switch was given a value. */
function assertAlone(flag: string, word: string, next: string | undefined) {
  if (word.includes("=")) throw new UsageError(switchMessage(flag, word));
  if (!/^(true|false|yes|no)$/i.test(next ?? "")) return;
  throw new UsageError(switchMessage(flag, `${word} ${next}`));
}

/** The greatest number of float32, which devices compute in, to two digits. */
const MOST = 3.4e38;

function readValue(
  flag: string,
  spec: TextFlag | ChoiceFlag<string> | NumberFlag,
  text: string,
): string | number {
  let above = "";
  if (spec.kind === "text") return text;
  if (spec.kind === "choice" && spec.choices.includes(text)) return text;
  if (spec.kind === "integer" || spec.kind === "number") {
    const pattern = spec.kind === "integer"
      ? /^-?\d+$/
      : /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
    const value = pattern.test(text) ? Number(text) : NaN;
    const inRange = isInRange(spec, value);
    if (inRange && value <= MOST) return value;
    if (inRange && value > MOST) above = `, and no more than ${MOST}`;
  }
  throw new UsageError(
    `--${flag} cannot be ${JSON.stringify(cut(text))}: ` +
      `expected ${valueOf(spec)}${above}`,
  );
}
