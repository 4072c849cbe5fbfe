/**
 * The tasks as one command: `weena train`, `weena generate`, … The README says how to
 * install it.
 *
 * @module
 */

import { UsageError } from "./cli/flags.ts";
import { didYouMean, nearest } from "./cli/nearest.ts";
import { runTask } from "./cli/run_task.ts";
import { out } from "./cli/terminal.ts";

/** What a task's file has: its flags, and what runs it and ends the program. */
interface Task {
  readonly command: { readonly name: string };
  readonly run: (args: readonly string[]) => Promise<never>;
}

/** Every task, loaded when it is asked for, and what it does. */
export const TASKS: Readonly<
  Record<string, [load: () => Promise<Task>, does: string]>
> = {
  train: [() => import("./train.ts"), "train a model on a text"],
  generate: [() => import("./generate.ts"), "let a model continue a prefix"],
  playground: [
    () => import("./playground.ts"),
    "serve a page that trains models in the browser",
  ],
  runs: [() => import("./runs.ts"), "list the runs"],
  report: [() => import("./report.ts"), "rebuild a run's report"],
  compare: [() => import("./compare.ts"), "show runs side by side"],
  evaluate: [
    () => import("./evaluate.ts"),
    "measure how well a model predicts a text",
  ],
  score: [
    () => import("./score.ts"),
    "show how likely a model finds each token of a text",
  ],
  inspect: [() => import("./inspect.ts"), "show what a run or a file contains"],
  export: [() => import("./export.ts"), "write a model's weights for PyTorch"],
  import: [() => import("./import.ts"), "turn a PyTorch model into a run"],
  download: [() => import("./download.ts"), "download The Time Machine"],
  tokenize: [() => import("./tokenize.ts"), "split a text into tokens"],
  partition: [
    () => import("./partition.ts"),
    "show the minibatches of an epoch",
  ],
  verify: [() => import("./verify.ts"), "train the book's models"],
  bench: [() => import("./bench.ts"), "measure how fast this machine is"],
};

/** The menu. */
function menu(): string {
  const rows = Object.entries(TASKS).map(([name, [, does]]) =>
    `  weena ${name.padEnd(11)} ${does}`
  );
  return [
    "weena trains and runs small recurrent language models on text.",
    "",
    ...rows,
    "",
    "weena TASK --help shows what a task can do. Results are saved " +
    "in data/ in the",
    "current folder.",
    "",
  ].join("\n");
}

if (import.meta.main) {
  // Mesa's drivers complain on stderr where it is not set.
  const variable = { name: "env", variable: "XDG_RUNTIME_DIR" } as const;
  const isOurs = Deno.permissions.querySync(variable).state === "granted";
  if (isOurs && !Deno.env.has("XDG_RUNTIME_DIR")) {
    Deno.env.set("XDG_RUNTIME_DIR", "/tmp");
  }
  const [name, ...args] = Deno.args;
  if (name !== undefined && Object.hasOwn(TASKS, name)) {
    const { run } = await TASKS[name][0]();
    await run(args);
  }
  const weena = { name: "weena", summary: "", flags: {}, examples: [] };
  await runTask(weena, [], () => {
    if (name !== undefined && name !== "--help") {
      throw new UsageError(
        `there is no task ${JSON.stringify(name)}` +
          `${didYouMean(nearest(name, Object.keys(TASKS)))} (see weena --help)`,
      );
    }
    out(menu());
    return Promise.resolve();
  });
}
