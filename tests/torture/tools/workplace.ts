/**
 * A folder to train in, and its tasks as processes that can be disturbed.
 *
 * @module
 */

import { join } from "@std/path";
import {
  denoArguments,
  type Finished,
  type TaskName,
} from "../../tasks/command.ts";

/** How a process ended that may have been killed. */
export interface Ended extends Finished {
  /** The signal that ended it. */
  readonly signal: Deno.Signal | null;
}

/** How a process is started. */
export interface StartOptions {
  /** Variables beside those of this process. */
  readonly env?: Record<string, string>;
  /** A command that runs the command: `["setpriv", "--reuid=65534"]`. */
  readonly prefix?: readonly string[];
  /**
   * When stdout is read: at once, once the pipe is full, or not at all.
   */
  readonly reading?: "quick" | "late" | "none";
  /** Called with each piece that comes on stdout. */
  readonly onOutput?: (text: string) => void;
}

/** A process that runs a task. */
export interface Running {
  readonly process: Deno.ChildProcess;
  readonly ended: Promise<Ended>;
  /** Sends a signal; nothing where it has ended. */
  readonly kill: (signal: Deno.Signal) => void;
}

/** The longest that a process may take, in milliseconds: none should take ten. */
const TIME_LIMIT = 120_000;

/** After how many milliseconds one reads who comes late. */
const LATE = 3000;

/** The text that is trained on where a case brings none of its own. */
export const TEXT = "Time flies like an arrow; fruit flies like a banana.\n"
  .repeat(20);

/** A text whose end is another's backwards: what is learned soon does not help there. */
export const UNLIKE = TEXT.slice(0, 950) +
  [...TEXT.slice(0, 110)].reverse().join("");

/** One thread: what is said of the device is then the same in every life of a run. */
export const DEVICE: readonly string[] = ["--device=cpu", "--threads=1"];

/** Flags of a training that takes a moment; `--run` and `--epochs` are the case's. */
export const SMALL: readonly string[] = [
  ...["--corpus=text.txt", ...DEVICE],
  ...["--hidden-size=8", "--batch-size=4", "--num-steps=8"],
  ...["--cell=gru", "--optimizer=adam", "--validation=0.1"],
];

/** A flag that saves after every epoch. */
export const OFTEN = "--checkpoint-every=1 epoch";

/** Flags that go on with such a training. */
export const RESUME: readonly string[] = ["--resume", ...DEVICE, OFTEN];

/** A folder of its own, removed at the end of a `using` block. */
export class Workplace implements Disposable {
  readonly path: string;
  readonly #running = new Set<Deno.ChildProcess>();

  /** @param text Goes to `text.txt`. */
  constructor(text: string | Uint8Array = TEXT) {
    this.path = Deno.makeTempDirSync({ prefix: "weena-torture-" });
    Deno.chmodSync(this.path, 0o755); // for other users
    const bytes = typeof text === "string"
      ? new TextEncoder().encode(text)
      : text;
    Deno.writeFileSync(join(this.path, "text.txt"), bytes);
  }

  /** A path in it. */
  file(...names: string[]): string {
    return join(this.path, ...names);
  }

  /** The folder of a run. */
  run(name: string): string {
    return this.file("data", "runs", name);
  }

  /** Starts a task with the permissions of deno.json. */
  start(
    task: TaskName,
    args: readonly string[],
    { env = {}, prefix = [], reading, onOutput }: StartOptions = {},
  ): Running {
    const line = [
      ...[...prefix, Deno.execPath()],
      ...[...denoArguments(task), ...args],
    ];
    const process = new Deno.Command(line[0], {
      args: line.slice(1),
      cwd: this.path,
      env: { XDG_RUNTIME_DIR: "/tmp", NO_COLOR: "1", ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const kill = (signal: Deno.Signal) => {
      try {
        process.kill(signal);
      } catch {
        // It has ended.
      }
    };
    this.#running.add(process);
    const name = [task, ...args].join(" ");
    const ended = endOf(process, name, { reading, onOutput })
      .finally(() => this.#running.delete(process));
    ended.catch(() => {}); // whoever awaits it is told
    return { process, kill, ended };
  }

  /** Runs a task to its end. */
  async finish(
    task: TaskName,
    args: readonly string[],
    options?: StartOptions,
  ): Promise<Ended> {
    return await this.start(task, args, options).ended;
  }

  /** Runs a task that has to succeed. */
  async succeed(
    task: TaskName,
    args: readonly string[],
    options?: StartOptions,
  ): Promise<Ended> {
    const ended = await this.finish(task, args, options);
    if (ended.code === 0) return ended;
    throw new Error(
      `"${task} ${args.join(" ")}" ended with ${ended.code}: ${ended.stderr}`,
    );
  }

  /** Ends what still runs, and removes the folder. */
  [Symbol.dispose](): void {
    for (const process of this.#running) process.kill("SIGKILL");
    for (let tries = 1;; tries++) {
      try {
        Deno.removeSync(this.path, { recursive: true });
        return;
      } catch (error) {
        if (tries === 20) throw error; // else one that ends was still writing
      }
    }
  }
}

async function endOf(
  process: Deno.ChildProcess,
  line: string,
  { reading, onOutput }: StartOptions,
): Promise<Ended> {
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    process.kill("SIGKILL");
  }, TIME_LIMIT);
  const [stdout, stderr, { code, signal }] = await Promise.all([
    reading === "none"
      ? process.status.then(() => process.stdout.cancel()).then(() => "")
      : pause(reading === "late" ? LATE : 0)
        .then(() => collect(process.stdout, onOutput)),
    collect(process.stderr),
    process.status,
  ]);
  clearTimeout(timer);
  if (isLate) {
    throw new Error(
      `"${line}" did not end within ${TIME_LIMIT / 1000} s; it had said: ` +
        stderr,
    );
  }
  return { code, signal, stdout, stderr };
}

async function collect(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  onText?: (text: string) => void,
): Promise<string> {
  let all = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    all += text;
    onText?.(text);
  }
  return all;
}

/** Waits so many milliseconds. */
export async function pause(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Copies a folder with all that is in it. */
export async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    const [a, b] = [join(from, name), join(to, name)];
    if (isDirectory) await copyFolder(a, b);
    else await Deno.copyFile(a, b);
  }
}
