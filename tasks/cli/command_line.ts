/**
 * Command lines to copy.
 *
 * @module
 */

import type { Command, Flags } from "./command.ts";

/**
 * The command line that gives a command these flags, less those that have their
 * default, and --json, which is about the output alone.
 */
export function commandLine(
  { name, flags }: Pick<Command<Flags>, "name" | "flags">,
  values: Readonly<Record<string, string | number | boolean | undefined>>,
): string {
  const words = Object.entries(flags).flatMap(([flag, spec]) => {
    const value = values[flag];
    const isUsual = "default" in spec && value === spec.default;
    if (value === undefined || value === false || isUsual) return [];
    if (flag === "json") return [];
    return value === true ? [`--${flag}`] : [`--${flag}`, String(value)];
  });
  return shellQuoted(["deno", "task", name, ...words]);
}

/** Words of a command line, as a POSIX shell reads them. */
export function shellQuoted(words: readonly string[]): string {
  return words.map((word) =>
    /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
  ).join(" ");
}
