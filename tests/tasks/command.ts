/**
 * Runs the tasks as a user would, in a folder of their own.
 *
 * @module
 */

import { fromFileUrl } from "@std/path";
import config from "../../deno.json" with { type: "json" };

/** What a finished command left. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder that is removed at the end of a `using` block. */
export class TemporaryFolder implements Disposable {
  readonly path: string = Deno.makeTempDirSync({ prefix: "weena-" });

  /** Every file in it, with folders, sorted. */
  files(folder = ""): string[] {
    const all: string[] = [];
    for (const entry of Deno.readDirSync(`${this.path}/${folder}`)) {
      const name = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory) all.push(...this.files(name));
      else all.push(name);
    }
    return all.sort();
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** The name of a task in deno.json. */
export type TaskName = keyof typeof config.tasks;

/** Runs a task with the permissions of deno.json, in `folder`. */
export async function runTask(
  folder: TemporaryFolder,
  task: TaskName,
  ...args: string[]
): Promise<Finished> {
  return await startTask(folder, task, args).finished;
}

/** Starts a task, less a permission of its; its output comes when it ends. */
export function startTask(
  folder: TemporaryFolder,
  task: TaskName,
  args: readonly string[],
  without?: `--allow-${string}`,
): {
  readonly process: Deno.ChildProcess;
  readonly finished: Promise<Finished>;
} {
  const root = fromFileUrl(new URL("../../", import.meta.url));
  // The task's own command line, with its permissions, run from another folder.
  const words = config.tasks[task].command.split(" ");
  const flags = words.slice(words.indexOf("run") + 1, -1)
    .filter((flag) => without === undefined || !flag.startsWith(without));
  const script = `${root}${words.at(-1)}`;
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--config", `${root}deno.json`, ...flags, script, ...args],
    cwd: folder.path,
    env: { XDG_RUNTIME_DIR: "/tmp", NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const finished = process.output().then(({ code, stdout, stderr }) => {
    const decoder = new TextDecoder();
    return {
      code,
      stdout: decoder.decode(stdout),
      stderr: decoder.decode(stderr),
    };
  });
  return { process, finished };
}
