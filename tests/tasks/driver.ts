/**
 * Runs one task on many command lines, in this one process: a process start costs
 * more than most command lines take. Its argument is the task's name. For each line
 * on stdin, the arguments as JSON, it writes a line with the result to stdout.
 *
 * Deno.exit and what the task writes to stdout and stderr are replaced meanwhile;
 * all else, permissions and folder included, is as in a process of its own.
 *
 * @module
 */

import { TASKS } from "../../tasks/weena.ts";
import { TextLineStream } from "./lines.ts";

/** Thrown by Deno.exit, so that nothing after it is done. */
class Exit {}

/** Runs the task once, and says how it ended and what it wrote. */
async function outcomeOf(
  run: (args: readonly string[]) => Promise<unknown>,
  args: readonly string[],
) {
  let code: number | undefined;
  const exit = Deno.exit;
  const stdout = captured(Deno.stdout, () => code === undefined);
  const stderr = captured(Deno.stderr, () => code === undefined);
  // The first code counts: a task may take what is thrown for an error of its own.
  Deno.exit = (given) => {
    code ??= given ?? 0;
    throw new Exit();
  };
  try {
    await run(args);
    code ??= 0;
  } catch (error) {
    if (!(error instanceof Exit) && code === undefined) {
      const shown = error instanceof Error ? error.stack : error;
      Deno.stderr.writeSync(
        new TextEncoder().encode(`error: Uncaught ${shown}\n`),
      );
    }
    code ??= 1;
  } finally {
    Deno.exit = exit;
  }
  return { code, stdout: stdout(), stderr: stderr() };
}

/**
 * Takes what is written to a stream from now on, while `isRunning`. The function
 * that it returns gives the stream back its own way of writing, and what was taken.
 */
function captured(
  stream: Pick<typeof Deno.stdout, "write" | "writeSync">,
  isRunning: () => boolean,
): () => string {
  const { write, writeSync } = stream;
  const decoder = new TextDecoder();
  let text = "";
  stream.writeSync = (bytes) => {
    if (isRunning()) text += decoder.decode(bytes, { stream: true });
    return bytes.length;
  };
  stream.write = (bytes) => Promise.resolve(stream.writeSync(bytes));
  return () => {
    Object.assign(stream, { write, writeSync });
    return text + decoder.decode();
  };
}

const load = TASKS[Deno.args[0]];
const { run } = await load();
const lines = Deno.stdin.readable
  .pipeThrough(new TextDecoderStream())
  .pipeThrough(new TextLineStream());
for await (const line of lines) {
  const outcome = await outcomeOf(run, JSON.parse(line));
  console.log(JSON.stringify(outcome));
}
