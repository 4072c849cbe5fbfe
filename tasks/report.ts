import type { Command, Flags, TextFlag } from "./cli/command.ts";
import { HeldRun } from "./cli/held_run.ts";
import { RunRecord } from "./cli/run_record.ts";
import { runTask } from "./cli/run_task.ts";
import { MODEL_FLAGS } from "./cli/chosen_model.ts";
import { findTrainedRun } from "./cli/runs.ts";
import { out } from "./cli/terminal.ts";

/** How long the packages that draw are waited for, in milliseconds. */
const PICTURES_WAIT = 15_000;

export const command = {
  name: "report",
  details:
    "report.html and the curve, perplexity.svg, are made from the run's " +
    "metrics, its samples and its last checkpoint. Training creates them " +
    "when it ends.",
  flags: { run: MODEL_FLAGS.run as TextFlag },
  examples: ["deno task report", "deno task report --run time-machine-1"],
} as const satisfies Command<Flags>;

export async function run(args: readonly string[]): Promise<never> {
  return await runTask(command, args, async (flags) => {
    using run = await HeldRun.open(await findTrainedRun(flags.run));
    const { model } = await run.loadLast();
    using record = await RunRecord.open(run, Infinity);
    await record.finish(model, PICTURES_WAIT);
    out(`${run.paths.report}\n`);
  });
}

if (import.meta.main) await run(Deno.args);
