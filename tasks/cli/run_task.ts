/**
 * What every task does the same way: help, errors, exit codes.
 *
 * @module
 */

import { FormatError, InputError } from "../../lib/input_error.ts";
import { DeviceError } from "../../lib/backend/device_error.ts";
import { DownloadError } from "../../lib/download.ts";
import { CheckpointError } from "../../lib/training/checkpoint.ts";
import { DivergenceError } from "../../lib/training/events.ts";
import { EXIT, TaskError } from "./exit.ts";
import { isSystemError } from "./file_error.ts";
import type { Command, Flags, Values } from "./command.ts";
import { parseCommandLine, UsageError } from "./flags.ts";
import { helpText } from "./help_text.ts";
import { Interruption, interruption } from "./interrupt.ts";
import { out, say, stderr, stdout } from "./terminal.ts";

/** How long a reader has to take what is left when a signal ends the task. */
const LAST_MILLISECONDS = 1000;

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
  let code = 0;
  try {
    if (args.includes("--help")) {
      out(helpText(command));
    } else {
      const { flags, argument, several } = parseCommandLine(command, args);
      code = await main(flags, argument, several) ?? 0;
    }
    await untilInterrupted(stdout.drained());
    if (stdout.isWaiting && code === 0) interruption().throwIfAborted();
  } catch (error) {
    const described = describeError(error);
    code = described.code;
    const text = described.message.replace(/\s*\n\s*/g, " ");
    const message = code === EXIT.failure
      ? `this is a bug in weena: ${text}`
      : text;
    if (error instanceof Interruption) {
      say(message);
    } else if (code !== EXIT.brokenPipe) { // who has closed the pipe knows
      say({ text: `error: ${message}`, style: "red" });
    }
  }
  await untilInterrupted(stderr.drained().catch(() => {}));
  Deno.exit(code);
}

/** An error's exit code, and its message. */
export function describeError(
  error: unknown,
): { readonly code: number; readonly message: string } {
  if (!(error instanceof Error)) {
    return { code: EXIT.failure, message: String(error) };
  }
  const message = error instanceof Deno.errors.NotCapable
    ? `${
      error.message.replace(/, run again.*$/s, "")
    }, which this task does not have`
    : error.message;
  return { code: codeOf(error), message };
}

function codeOf(error: Error): number {
  if (error instanceof TaskError) return error.exitCode;
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof DownloadError) return EXIT.network;
  if (error instanceof DivergenceError) return EXIT.diverged;
  if (error instanceof DeviceError) return EXIT.device;
  if (isSystemError(error)) return EXIT.files;
  const isInput = error instanceof CheckpointError ||
    error instanceof InputError || error instanceof FormatError;
  return isInput ? EXIT.input : EXIT.failure;
}

/** Waits for a reader as long as it takes; once a signal has come, for a moment. */
async function untilInterrupted(reading: Promise<void>): Promise<void> {
  const signal = interruption();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const givenUp = new Promise<void>((resolve) => {
    const wait = () => timer = setTimeout(resolve, LAST_MILLISECONDS);
    if (signal.aborted) wait();
    else signal.addEventListener("abort", wait, { once: true });
  });
  await Promise.race([reading, givenUp]);
  clearTimeout(timer);
}
