import { ageText, bytesText, deviceText } from "./cli/describe.ts";
import { perplexityText } from "./shared/perplexity_text.ts";
import type { Command, Flags } from "./cli/command.ts";
import { runTask } from "./cli/run_task.ts";
import {
  type BrokenRun,
  type RunSummary,
  summarize,
} from "./cli/run_summary.ts";
import { RUNS_FOLDER } from "./cli/run_paths.ts";
import { allRuns } from "./cli/runs.ts";
import { tableLines } from "./cli/table.ts";
import { jsonLine, out, printable, say } from "./cli/terminal.ts";

export const command = {
  name: "runs",
  details:
    `The list shows the model and the text of each run in ${RUNS_FOLDER}, how ` +
    "far it is trained, and how good it is.",
  flags: {
    json: { kind: "switch", help: "print one JSON object per run" },
  },
  examples: ["deno task runs", "deno task runs --json"],
} as const satisfies Command<Flags>;

/** Columns of the list. */
const HEAD = [
  ...["run", "model", "text", "epochs", "perplexity", "validation"],
  ...["device", "age", "size"],
];

export async function run(args: readonly string[]): Promise<never> {
  return await runTask(command, args, async ({ json }) => {
    const runs = await Promise.all((await allRuns()).map(summarize));
    runs.sort((a, b) =>
      b.time.getTime() - a.time.getTime() || (a.name < b.name ? 1 : -1)
    );
    if (json) {
      for (const run of runs) out(jsonLine(asObject(run)));
      return;
    }
    if (runs.length === 0) {
      say("there are no runs yet: deno task train creates one");
      return;
    }
    const sound = runs.flatMap((run) => "broken" in run ? [] : [run]);
    const lines = sound.length > 0
      ? tableLines([HEAD, ...sound.map(row)], new Set([4, 5, 8]))
      : [];
    for (const run of runs) {
      const wrong = "broken" in run ? run.broken : run.problem;
      if (wrong) lines.push(printable(`${run.name}: ${wrong}`));
    }
    out(lines.map((line) => `${line}\n`).join(""));
  });
}

function row(run: RunSummary): string[] {
  const { name, config, trained, metrics } = run;
  const { cell, numLayers, hiddenSize } = config;
  const last = metrics.at(-1);
  const seconds = (Date.now() - run.time.getTime()) / 1000;
  return [
    printable(name),
    `${cell} ${numLayers > 1 ? `${numLayers}×` : ""}${hiddenSize}`,
    trained ? printable(trained.corpus.name) : "(imported)",
    trained ? `${trained.progress.epochs}/${trained.training.epochs}` : "",
    last ? perplexityText(last.perplexity) : "",
    last?.validation_perplexity === undefined
      ? ""
      : perplexityText(last.validation_perplexity),
    last ? deviceText(last.device) : "",
    ageText(seconds),
    bytesText(run.bytes),
  ];
}

function asObject(run: RunSummary | BrokenRun) {
  const { name } = run;
  if ("broken" in run) return { run: name, broken: run.broken };
  const { config, trained, metrics } = run;
  const last = metrics.at(-1);
  return {
    run: name,
    cell: config.cell,
    num_layers: config.numLayers,
    hidden_size: config.hiddenSize,
    parameters: run.parameters,
    ...trained && {
      corpus: trained.corpus.name,
      epochs: trained.progress.epochs,
      planned_epochs: trained.training.epochs,
    },
    ...last && {
      perplexity: last.perplexity,
      validation_perplexity: last.validation_perplexity,
      tokens_per_second: run.tokensPerSecond,
      device: last.device,
    },
    written: run.time.toISOString(),
    bytes: run.bytes,
  };
}

if (import.meta.main) await run(Deno.args);
