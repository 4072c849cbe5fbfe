/**
 * Flags of a command: one table for parsing, checking and help.
 *
 * @module
 */

import { parseArgs } from "@std/cli";
import { closestString } from "@std/text/closest-string";

/** A wrong command line: one sentence, said on stderr, exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A flag as its command's table has it. */
export type Flag =
  | SwitchFlag
  | TextFlag
  | ChoiceFlag<string>
  | NumberFlag;

/** A command's flags by name, without the dashes. */
export type Flags = Readonly<Record<string, Flag>>;

interface Described {
  /** What it does, for the help text. */
  readonly help: string;
  /** What the help text shows for a default that the command itself fills in. */
  readonly standard?: string;
}

/** A flag without a value. */
export interface SwitchFlag extends Described {
  readonly kind: "switch";
}

/** A flag with any text as its value. */
export interface TextFlag extends Described {
  readonly kind: "text";
  /** What stands for the value in the help text: `PATH`. */
  readonly value: string;
  readonly default?: string;
  /** Whether an empty text is for the command to judge. */
  readonly mayBeEmpty?: boolean;
}

/** A flag with one of a few words as its value. */
export interface ChoiceFlag<C extends string> extends Described {
  readonly kind: "choice";
  readonly choices: readonly C[];
  readonly default?: C;
}

/** A flag with a number as its value. */
export interface NumberFlag extends Described {
  readonly kind: "integer" | "number";
  /** The least allowed. */
  readonly least: number;
  /** Whether the least itself is not allowed. */
  readonly above?: boolean;
  /** What it has to stay below. */
  readonly below?: number;
  /** The greatest allowed. */
  readonly most?: number;
  readonly default?: number;
}

/** What a command line may have beside flags: one text. */
export interface Argument extends Described {
  /** What stands for it in the help text: `FILE`. */
  readonly value: string;
  /** Whether the command can do without it. */
  readonly optional?: boolean;
  /** Whether there may be several. */
  readonly several?: boolean;
}

/** A command's table. */
export interface Command<F extends Flags> {
  readonly name: string;
  /** What it does, in a sentence or two. */
  readonly summary: string;
  /** What stands before, between or behind the flags. */
  readonly argument?: Argument;
  readonly flags: F;
  /** Command lines to try. */
  readonly examples: readonly string[];
}

type ValueOf<F extends Flag> = F extends SwitchFlag ? boolean
  : F extends TextFlag ? string
  : F extends ChoiceFlag<infer C> ? C
  : number;

/** Values by flag; undefined where a flag has no default and was not given. */
export type Values<F extends Flags> = {
  readonly [K in keyof F]: F[K] extends { readonly default: string | number }
    ? ValueOf<F[K]>
    : F[K] extends SwitchFlag ? boolean
    : ValueOf<F[K]> | undefined;
};

/** Lets TypeScript infer a choice's words. */
export function choice<const C extends string>(
  choices: readonly C[],
  value: C,
  help: string,
): ChoiceFlag<C> & { readonly default: C } {
  return { kind: "choice", choices, default: value, help };
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
 * Parses a command line.
 *
 * @throws {UsageError} If a flag is unknown, repeated, lacks its value, or has one
 * out of its range, or if the argument is missing or there are more than one.
 */
export function parseCommandLine<F extends Flags>(
  { name, flags, argument }: Command<F>,
  args: readonly string[],
): CommandLine<F> {
  const names = Object.keys(flags);
  const isSwitch = (flag: string) => flags[flag].kind === "switch";
  const strangers: string[] = [];
  const parsed = parseArgs(args, {
    boolean: names.filter(isSwitch),
    // Under "_" are texts that belong to no flag.
    string: [...names.filter((flag) => !isSwitch(flag)), "_"],
    collect: names.filter((flag) => !isSwitch(flag)),
    unknown: (text) => void (/^-./.test(text) && strangers.push(text)), // but not "-"
  });
  const texts = new Map<string, string>();
  for (const flag of names.filter((flag) => !isSwitch(flag))) {
    const given = parsed[flag] as readonly string[] | undefined ?? [];
    if (given.length > 1) throw new UsageError(`--${flag} was given twice`);
    if (given.length === 0) continue;
    const { mayBeEmpty } = flags[flag] as TextFlag;
    if (given[0] === "" && !mayBeEmpty) {
      throw new UsageError(
        `--${flag} needs a value: ${describeValue(flags[flag])}`,
      );
    }
    texts.set(flag, given[0]);
  }
  if (strangers.length > 0) throw unknownFlag(name, strangers[0], names);
  const values = Object.fromEntries(names.map((flag) => {
    const spec = flags[flag];
    if (spec.kind === "switch") return [flag, parsed[flag] === true];
    const text = texts.get(flag);
    return [
      flag,
      text === undefined ? spec.default : readValue(flag, spec, text),
    ];
  })) as Values<F>;
  const rest = parsed._.map(String);
  const given = readArgument(name, argument, rest);
  return { flags: values, argument: given, several: rest };
}

/** Help text of a command, from the same table. */
export function helpText<F extends Flags>(
  { name, summary, argument, flags, examples }: Command<F>,
): string {
  const rows = Object.entries(flags).map(([flag, spec]) => {
    const left = `--${flag} ${placeholder(spec)}`.trimEnd();
    const standard = spec.standard ??
      (spec.kind === "switch" ? undefined : spec.default);
    return [left, spec.help + (standard === undefined ? "" : ` (${standard})`)];
  });
  rows.push(["--help", "show this text"]);
  if (argument) rows.unshift([argument.value, argument.help]);
  const widths = rows.map(([left]) => left.length);
  const column = 4 +
    Math.max(...widths.filter((width) => width <= LEFT_COLUMN));
  const table = rows.flatMap(([left, right]) => {
    const [first, ...rest] = wrap(right, WIDTH - column);
    const lines = rest.map((line) => " ".repeat(column) + line);
    return `  ${left}`.length + 2 > column
      ? [`  ${left}`, " ".repeat(column) + first, ...lines]
      : [`  ${left}`.padEnd(column) + first, ...lines];
  });
  return [
    ...wrap(summary, WIDTH),
    "",
    `usage: deno task ${name} ${usageOf(argument)}[flags]`,
    "",
    "flags (default):",
    ...table,
    "",
    "examples:",
    ...examples.map((example) => `  ${example}`),
    "",
  ].join("\n");
}

/** How the argument stands in the line of usage, with a space behind. */
function usageOf(argument: Argument | undefined): string {
  if (!argument) return "";
  const { value, optional, several } = argument;
  const all = several ? `${value} ${value} ... ` : `${value} `;
  return optional ? `[${all.trimEnd()}] ` : all;
}

/** What stands for a flag's value in the help text. */
function placeholder(spec: Flag): string {
  switch (spec.kind) {
    case "switch":
      return "";
    case "text":
      return spec.value;
    case "choice":
      return spec.choices.join("|");
    default:
      return "N";
  }
}

/** Columns of the help text, and the most that a flag takes without a line of its own. */
const WIDTH = 80;
const LEFT_COLUMN = 28;

/** Breaks a text into lines of at most `width` columns, at spaces. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${line} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines;
}

function readValue(
  flag: string,
  spec: TextFlag | ChoiceFlag<string> | NumberFlag,
  text: string,
): string | number {
  if (spec.kind === "text") return text;
  if (spec.kind === "choice" && spec.choices.includes(text)) return text;
  if (spec.kind === "integer" || spec.kind === "number") {
    const pattern = spec.kind === "integer"
      ? /^-?\d+$/
      : /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
    const value = pattern.test(text) ? Number(text) : NaN;
    const inRange = value <= (spec.most ?? Infinity) &&
      value < (spec.below ?? Infinity) &&
      (spec.above ? value > spec.least : value >= spec.least);
    const exact = spec.kind === "number" || Number.isSafeInteger(value);
    if (inRange && exact && Number.isFinite(value)) return value;
  }
  throw new UsageError(
    `--${flag} cannot be ${JSON.stringify(text)}: ` +
      `expected ${describeValue(spec)}`,
  );
}

function describeValue(spec: Flag): string {
  switch (spec.kind) {
    case "choice":
      return spec.choices.join(" or ");
    case "integer":
    case "number": {
      const what = spec.kind === "integer" ? "a whole number" : "a number";
      const { above, least, most, below } = spec;
      if (least === -Infinity) return what;
      const from = `${what} ${above ? "above" : "from"} ${least}`;
      if (most !== undefined) return `${from}${above ? ", up" : ""} to ${most}`;
      if (below !== undefined) return `${from} to below ${below}`;
      return above ? from : `${from} on`;
    }
    case "text":
      return spec.value;
    case "switch":
      return "no value";
  }
}

function readArgument(
  command: string,
  argument: Argument | undefined,
  texts: readonly string[],
): string | undefined {
  const see = `see deno task ${command} --help`;
  const stray = texts[argument ? 1 : 0];
  if (stray !== undefined && !argument?.several) {
    throw new UsageError(
      `${JSON.stringify(stray)} is not part of a flag: ` +
        `put texts with spaces in quotes, ${see}`,
    );
  }
  if (!argument || texts[0]) return texts[0];
  if (argument.optional && texts.length === 0) return undefined;
  throw new UsageError(
    `${argument.value} is missing: ${argument.help} (${see})`,
  );
}

function unknownFlag(
  command: string,
  text: string,
  names: readonly string[],
): UsageError {
  const given = text.replace(/^--?/, "").replace(/=.*$/s, "");
  const nearest = closestString(given, [...names, "help"]);
  return new UsageError(
    `there is no flag ${text.split("=")[0]}: ` +
      `did you mean --${nearest}? (see deno task ${command} --help)`,
  );
}
