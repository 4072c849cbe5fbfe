/**
 * What a task may say when something is wrong.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Ended } from "./workplace.ts";

/** Throws an AssertionError if a process shows where in its code it was. */
export function assertNoTrace({ stderr }: Ended, what: string): void {
  assert(
    !/^\s+at .*(?:\w:\/\/|\))|Uncaught|panicked/m.test(stderr),
    `${what} shows a stack trace: ${stderr}`,
  );
}

/**
 * Throws an AssertionError unless a process ended with one of some exit codes and,
 * on stderr, with one line of error.
 *
 * @returns That line, without "error: ".
 */
export function assertOneError(
  ended: Ended,
  codes: readonly number[],
  what: string,
): string {
  assertNoTrace(ended, what);
  const { code, signal, stderr } = ended;
  assert(
    codes.includes(code) && signal === null,
    `${what} ended with ${signal ?? code}, expected ${codes.join(" or ")}: ` +
      stderr,
  );
  const errors = stderr.split("\n").filter((line) =>
    line.startsWith("error: ")
  );
  assertEquals(errors.length, 1, `lines of error of ${what}: ${stderr}`);
  return errors[0].slice("error: ".length);
}
