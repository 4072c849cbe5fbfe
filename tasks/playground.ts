import { assertSha1, TIME_MACHINE } from "../lib/download.ts";
import { buildPage } from "./bundle/page.ts";
import { HOSTNAME, servePage } from "./bundle/serve.ts";
import { TIME_MACHINE_PATH } from "./cli/named_texts.ts";
import { exists } from "./cli/files.ts";
import type { Command, Flags } from "./cli/command.ts";
import { UsageError } from "./cli/flags.ts";
import { EXIT, TaskError } from "./cli/exit.ts";
import { runTask } from "./cli/run_task.ts";
import { out, say } from "./cli/terminal.ts";

/** The greatest port. */
const MOST_PORT = 65_535;

export const command = {
  name: "playground",
  details:
    "The page also shows what happens inside the models. Ctrl-C ends it.",
  flags: {
    port: {
      kind: "integer",
      least: 0,
      default: 8000,
      help: "port to serve on; 0: any free port",
    },
  },
  examples: ["deno task playground", "deno task playground --port 8080"],
} as const satisfies Command<Flags>;

export async function run(args: readonly string[]): Promise<never> {
  return await runTask(command, args, async ({ port }) => {
    if (port > MOST_PORT) {
      throw new UsageError(
        `--port cannot be ${port}: expected a number up to ${MOST_PORT}`,
      );
    }
    assertFree(port);
    say("building the page ...");
    const files = await buildPage(await readTimeMachine());
    const server = servePage(files, port);
    out(`http://${HOSTNAME}:${server.addr.port}/\n`);
    await server.finished;
  });
}

/** Throws where nothing can be served at a port. */
function assertFree(port: number): void {
  try {
    Deno.listen({ hostname: HOSTNAME, port }).close();
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      throw new TaskError(
        EXIT.network,
        `port ${port} is in use, perhaps by another playground: choose ` +
          "another one with --port, or --port 0 for any free port",
      );
    }
    throw new TaskError(
      EXIT.network,
      `cannot serve on port ${port} (${(error as Error).message}): ` +
        "choose another one with --port",
    );
  }
}

/** The Time Machine, if it has been downloaded; another file is not offered. */
async function readTimeMachine(): Promise<Uint8Array | undefined> {
  if (!await exists(TIME_MACHINE_PATH)) return undefined;
  const bytes = await Deno.readFile(TIME_MACHINE_PATH);
  try {
    await assertSha1(bytes, TIME_MACHINE.sha1);
    return bytes;
  } catch (error) {
    const reason = (error as Error).message;
    say(
      `${TIME_MACHINE_PATH} is left out because it is a different ` +
        `text: ${reason}`,
    );
  }
}

if (import.meta.main) await run(Deno.args);
