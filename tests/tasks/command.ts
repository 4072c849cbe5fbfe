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

/** The same, with a text on stdin. */
export async function runTaskOn(
  input: string,
  folder: TemporaryFolder,
  task: TaskName,
  ...args: string[]
): Promise<Finished> {
  return await startTask(folder, task, args, undefined, input).finished;
}

/** Starts a task, less a permission of its; its output comes when it ends. */
export function startTask(
  folder: TemporaryFolder,
  task: TaskName,
  args: readonly string[],
  without?: `--allow-${string}`,
  input?: string,
): {
  readonly process: Deno.ChildProcess;
  readonly finished: Promise<Finished>;
} {
  const process = new Deno.Command(Deno.execPath(), {
    args: [...denoArguments(task, without), ...args],
    cwd: folder.path,
    env: { XDG_RUNTIME_DIR: "/tmp", NO_COLOR: "1" },
    stdin: input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (input !== undefined) {
    new Blob([input]).stream().pipeTo(process.stdin).catch(() => {}); // it may have ended
  }
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

/** Deno's arguments for a task: its own, with its permissions, from another folder. */
export function denoArguments(
  task: TaskName,
  without?: `--allow-${string}`,
): string[] {
  const root = fromFileUrl(new URL("../../", import.meta.url));
  const words = config.tasks[task].command.split(" ");
  const flags = words.slice(words.indexOf("run") + 1, -1)
    .filter((flag) => without === undefined || !flag.startsWith(without));
  const script = `${root}${words.at(-1)}`;
  return ["run", "--config", `${root}deno.json`, ...flags, script];
}
