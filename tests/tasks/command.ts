/**
 * Runs the tasks as a user would, in a folder of their own.
 *
 * @module
 */

import { fromFileUrl } from "@std/path";
import config from "../../deno.json" with { type: "json" };
import { TextLineStream } from "./lines.ts";

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

/** Beside what this process has: nothing that makes a task say more. */
const ENVIRONMENT = { XDG_RUNTIME_DIR: "/tmp", NO_COLOR: "1" };

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

/**
 * Runs tasks on many command lines in one folder: each task in one process, with
 * the permissions of deno.json, that runs one line after the other. For all that
 * needs no stdin, terminal or signal of its own, and does not end by itself.
 *
 * ```ts ignore
 * using folder = new TemporaryFolder();
 * await using tasks = new TaskRunner(folder);
 * const { code, stdout, stderr } = await tasks.run("train", "--epochs=0");
 * assertEquals([code, stdout], [2, ""]);
 * ```
 */
export class TaskRunner implements AsyncDisposable {
  readonly #folder: TemporaryFolder;
  readonly #drivers = new Map<TaskName, Driver>();

  constructor(folder: TemporaryFolder) {
    this.#folder = folder;
  }

  /** Runs a task. */
  async run(task: TaskName, ...args: string[]): Promise<Finished> {
    let driver = this.#drivers.get(task);
    if (driver === undefined) {
      driver = new Driver(this.#folder, task);
      this.#drivers.set(task, driver);
    }
    return await driver.run(args);
  }

  /** Ends the processes; an error where one wrote anything that no run answers for. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const driver of this.#drivers.values()) await driver.end();
  }
}

/** A process with tests/tasks/driver.ts for one task. */
class Driver {
  readonly #process: Deno.ChildProcess;
  readonly #requests: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #answers: ReadableStreamDefaultReader<string>;
  readonly #stderr: Promise<string>;
  readonly #name: TaskName;
  #hasFailed = false;

  constructor(folder: TemporaryFolder, task: TaskName) {
    const script = fromFileUrl(new URL("driver.ts", import.meta.url));
    this.#process = new Deno.Command(Deno.execPath(), {
      args: [...denoArguments(task).slice(0, -1), script, task],
      cwd: folder.path,
      env: ENVIRONMENT,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#name = task;
    this.#requests = this.#process.stdin.getWriter();
    this.#answers = this.#process.stdout
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream())
      .getReader();
    this.#stderr = new Response(this.#process.stderr).text();
  }

  async run(args: readonly string[]): Promise<Finished> {
    const request = new TextEncoder().encode(`${JSON.stringify(args)}\n`);
    await this.#requests.write(request);
    const { value, done } = await this.#answers.read();
    if (!done) return JSON.parse(value);
    const line = [this.#name, ...args].join(" ");
    this.#hasFailed = true;
    throw new Error(`${line} ended its process: ${await this.#stderr}`);
  }

  async end(): Promise<void> {
    await this.#requests.close().catch(() => {}); // it may have ended
    await this.#answers.cancel();
    await this.#process.status;
    const stderr = await this.#stderr;
    if (stderr !== "" && !this.#hasFailed) {
      throw new Error(`${this.#name} wrote: ${stderr}`);
    }
  }
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
    env: ENVIRONMENT,
    stdin: input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (input !== undefined) {
    new Blob([input]).stream().pipeTo(process.stdin).catch(() => {}); // it may have ended
  }
  return { process, finished: process.output().then(decoded) };
}

/** Runs any command to its end, in `folder`. */
export async function execute(
  folder: TemporaryFolder,
  command: string,
  args: readonly string[],
): Promise<Finished> {
  const output = await new Deno.Command(command, {
    args: [...args],
    cwd: folder.path,
    env: { NO_COLOR: "1" },
  }).output();
  return decoded(output);
}

function decoded({ code, stdout, stderr }: Deno.CommandOutput): Finished {
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
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
