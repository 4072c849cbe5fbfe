/**
 * What every task does the same way: help, errors, exit codes.
 *
 * @module
 */

import { DownloadError } from "../../lib/download.ts";
import { CheckpointError } from "../../lib/training/checkpoint.ts";
import { DivergenceError } from "../../lib/training/events.ts";
import {
  type Command,
  type Flags,
  parseCommandLine,
  UsageError,
  type Values,
} from "./flags.ts";
import { helpText } from "./help_text.ts";
import { out, say } from "./terminal.ts";

/** Exit codes, as the README lists them. */
export const EXIT = {
  failure: 1,
  usage: 2,
  input: 3,
  diverged: 4,
  device: 5,
  network: 6,
  files: 7,
  interrupted: 130,
} as const;

/** An error that names its exit code. */
export class TaskError extends Error {
  override readonly name = "TaskError";

  constructor(readonly exitCode: number, message: string) {
    super(message);
  }
}

/** Runs a task on a command line and ends the program with its exit code. */
export async function runTask<F extends Flags>(
  command: Command<F>,
  args: readonly string[],
  main: (
    flags: Values<F>,
    argument: string | undefined,
    several: readonly string[],
  ) => Promise<number | void>,
): Promise<never> {
  try {
    if (args.includes("--help")) {
      out(helpText(command));
      Deno.exit(0);
    }
    const { flags, argument, several } = parseCommandLine(command, args);
    Deno.exit(await main(flags, argument, several) ?? 0);
  } catch (error) {
    const [code, message] = describe(error);
    const text = `error: ${message.replace(/\s*\n\s*/g, " ")}`;
    say({ text, style: "red" });
    Deno.exit(code);
  }
}

function describe(error: unknown): [code: number, message: string] {
  if (!(error instanceof Error)) return [EXIT.failure, String(error)];
  const { message } = error;
  if (error instanceof TaskError) return [error.exitCode, message];
  if (error instanceof UsageError) return [EXIT.usage, message];
  if (error instanceof DownloadError) return [EXIT.network, message];
  if (error instanceof DivergenceError) return [EXIT.diverged, message];
  if (error instanceof Deno.errors.NotCapable) {
    return [
      EXIT.files,
      `${message.replace(/, run again.*$/s, "")}: this task may not do that`,
    ];
  }
  if (Object.values(Deno.errors).some((known) => error instanceof known)) {
    return [EXIT.files, message];
  }
  if (
    error instanceof CheckpointError || error instanceof RangeError ||
    error instanceof SyntaxError
  ) return [EXIT.input, message];
  return [EXIT.failure, message];
}
