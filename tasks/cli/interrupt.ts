/**
 * Signals: one to finish well, another to stop at once.
 *
 * @module
 */

import { EXIT, TaskError } from "./exit.ts";
import { clearStatus, say } from "./terminal.ts";

/** What was asked for by a signal: to end, with its exit code. */
export class Interruption extends TaskError {
  override readonly name = "Interruption";
}

/** The signals that are heard, and what a program that they end exits with. */
const SIGNALS: readonly [Deno.Signal, number][] = Deno.build.os === "windows"
  ? [["SIGINT", EXIT.interrupted], ["SIGBREAK", EXIT.interrupted]]
  : [
    ["SIGINT", EXIT.interrupted],
    ["SIGTERM", EXIT.terminated],
    ["SIGHUP", EXIT.hangup],
  ];

const stopping = new AbortController();
let isListening = false;

/**
 * Hears signals from now on. The first aborts the signal that is returned, with an
 * {@linkcode Interruption}; a second ends the program.
 */
export function interruptSignal(): AbortSignal {
  if (!isListening) {
    isListening = true;
    for (const [name, code] of SIGNALS) {
      Deno.addSignalListener(name, () => interrupt(name, code));
    }
  }
  return stopping.signal;
}

/** The signal of {@linkcode interruptSignal}, whether signals are heard or not. */
export function interruption(): AbortSignal {
  return stopping.signal;
}

function interrupt(name: Deno.Signal, code: number): void {
  if (stopping.signal.aborted) {
    clearStatus();
    Deno.exit(code);
  }
  say(
    "finishing the current work, then stopping; interrupt again to stop at once",
  );
  stopping.abort(new Interruption(code, `stopped by ${name}`));
}
