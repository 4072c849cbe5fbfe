/**
 * The tasks as one command: `weena train`, `weena generate`, … The README says how to
 * install it.
 *
 * @module
 */

import { descriptionOf } from "./cli/description.ts";
import { UsageError } from "./cli/flags.ts";
import { helpTable } from "./cli/help_text.ts";
import { didYouMean, nearest } from "./cli/nearest.ts";
import { runTask } from "./cli/run_task.ts";
import { out } from "./cli/terminal.ts";

/** What a task's file has: its flags, and what runs it and ends the program. */
interface Task {
  readonly command: { readonly name: string };
  readonly run: (args: readonly string[]) => Promise<never>;
}

/** Every task of the command, loaded when it is asked for. */
export const TASKS: Readonly<Record<string, () => Promise<Task>>> = {
  train: () => import("./train.ts"),
  generate: () => import("./generate.ts"),
  playground: () => import("./playground.ts"),
  runs: () => import("./runs.ts"),
  report: () => import("./report.ts"),
  compare: () => import("./compare.ts"),
  evaluate: () => import("./evaluate.ts"),
  score: () => import("./score.ts"),
  inspect: () => import("./inspect.ts"),
  export: () => import("./export.ts"),
  import: () => import("./import.ts"),
  download: () => import("./download.ts"),
  tokenize: () => import("./tokenize.ts"),
  partition: () => import("./partition.ts"),
  verify: () => import("./verify.ts"),
  bench: () => import("./bench.ts"),
};

function menu(): string {
  const rows = Object.keys(TASKS).map((name) =>
    [`weena ${name}`, descriptionOf(name)] as const
  );
  return [
    "weena trains and runs small recurrent language models on text.",
    "",
    ...helpTable(rows),
    "",
    "weena TASK --help shows what a task can do. Results are saved in data/ in the",
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
    const { run } = await TASKS[name]();
    await run(args);
  }
  const weena = { name: "weena", details: "", flags: {}, examples: [] };
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
