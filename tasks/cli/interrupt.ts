/**
 * Ctrl-C: once to finish well, twice to stop at once.
 *
 * @module
 */

import { EXIT } from "./run_task.ts";
import { clearStatus, say } from "./terminal.ts";

/** Aborts on the first SIGINT or SIGTERM; a second ends the program. */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  const signals: Deno.Signal[] = Deno.build.os === "windows"
    ? ["SIGINT"]
    : ["SIGINT", "SIGTERM"];
  for (const name of signals) {
    Deno.addSignalListener(name, () => {
      if (controller.signal.aborted) {
        clearStatus();
        Deno.exit(EXIT.interrupted);
      }
      say("stopping after the work in hand; again to stop at once");
      controller.abort();
    });
  }
  return controller.signal;
}
