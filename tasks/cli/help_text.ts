/**
 * What `--help` shows.
 *
 * @module
 */

import type { Argument, Command, Flag, Flags } from "./command.ts";
import { descriptionOf } from "./description.ts";

/** Help text of a command, from the same table. */
export function helpText<F extends Flags>(
  { name, details, argument, flags, examples }: Command<F>,
): string {
  const rows = Object.entries(flags).map(([flag, spec]): [string, string] => {
    const left = `--${flag} ${placeholder(spec)}`.trimEnd();
    const standard = spec.standard ??
      (spec.kind === "switch" ? undefined : spec.default);
    return [left, spec.help + (standard === undefined ? "" : ` (${standard})`)];
  });
  rows.push(["--help", "show this text"]);
  if (argument) rows.unshift([argument.value, argument.help]);
  return [
    ...wrap(`${descriptionOf(name)}. ${details}`, WIDTH),
    "",
    `usage: deno task ${name} ${usageOf(argument)}[flags]`,
    "",
    "flags (default):",
    ...helpTable(rows),
    "",
    "examples:",
    ...examples.map((example) => `  ${example}`),
    "",
  ].join("\n");
}

/** Lines of two columns: names, and what is said of each. */
export function helpTable(
  rows: readonly (readonly [left: string, right: string])[],
): string[] {
  const widths = rows.map(([left]) => left.length);
  const column = 4 +
    Math.max(...widths.filter((width) => width <= LEFT_COLUMN));
  return rows.flatMap(([left, right]) => {
    const [first, ...rest] = wrap(right, WIDTH - column);
    const lines = rest.map((line) => " ".repeat(column) + line);
    return `  ${left}`.length + 2 > column
      ? [`  ${left}`, " ".repeat(column) + first, ...lines]
      : [`  ${left}`.padEnd(column) + first, ...lines];
  });
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
