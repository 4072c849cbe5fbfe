import { MODEL_SETTINGS } from "../lib/model/config.ts";
import type { Setting } from "../lib/setting.ts";
import { TRAINING_SETTINGS } from "../lib/training/settings.ts";
import { deviceText, spaced, speedText } from "./cli/describe.ts";
import { modelText } from "./shared/model_text.ts";
import { perplexityText } from "./shared/perplexity_text.ts";
import { exists, writeWhole } from "./cli/files.ts";
import type { Command, Flags, TextFlag } from "./cli/command.ts";
import { UsageError } from "./cli/flags.ts";
import { duration } from "./cli/live_line.ts";
import type { Curve } from "./cli/chart.ts";
import { loadPlotting } from "./cli/plotting.ts";
import { points } from "./cli/metrics.ts";
import { EXIT, TaskError } from "./cli/exit.ts";
import { runTask } from "./cli/run_task.ts";
import { type RunSummary, summarize } from "./cli/run_summary.ts";
import { findRun } from "./cli/runs.ts";
import { finiteRange, sparkline } from "./cli/sparkline.ts";
import { tableLines } from "./cli/table.ts";
import { jsonLine, out, printable, say } from "./cli/terminal.ts";
import { grouped } from "./shared/grouped.ts";

/** Columns of a curve in the table. */
const CURVE = 16;

/** What is known of each setting: some have an effect only with others. */
const EFFECTS = new Map<string, Setting>(
  Object.entries({ ...MODEL_SETTINGS, ...TRAINING_SETTINGS }),
);

/** Settings that are shown even where all runs agree. */
const ALWAYS = new Set(["text", "tokens", "cell", "numLayers", "hiddenSize"]);

export const command = {
  name: "compare",
  details:
    "The output shows the settings that differ, how good and how fast the runs " +
    "are, and their perplexity by epoch in one plot.",
  argument: { value: "RUN", help: "runs by name, two or more", several: true },
  flags: {
    output: {
      kind: "text",
      value: "PATH",
      default: "data/compare.svg",
      help: "where to save the plot",
    } as TextFlag & { readonly default: string },
    log: {
      kind: "switch",
      help: "use a logarithmic scale, whatever the perplexities are",
    },
    json: { kind: "switch", help: "print one JSON object per run" },
  },
  examples: [
    "deno task compare time-machine-1 time-machine-2",
    "deno task compare rnn gru lstm --log --output cells.svg",
  ],
} as const satisfies Command<Flags>;

export async function run(args: readonly string[]): Promise<never> {
  return await runTask(
    command,
    args,
    async ({ output, log, json }, _, names) => {
      if (names.length < 2) {
        throw new UsageError(
          "compare needs two runs or more: name them (deno task runs lists them)",
        );
      }
      const twice = names.find((name, i) => names.indexOf(name) < i);
      if (twice) throw new UsageError(`the run ${twice} was given twice`);
      const runs = await Promise.all(names.map(comparable));
      const draw = await loadPlotting().catch((error) => {
        throw new TaskError(
          EXIT.network,
          `cannot draw the plot: the package for it cannot be loaded (${
            (error as Error).message.split("\n")[0]
          }); try again with network access`,
        );
      });
      const svg = draw({
        label: "perplexity",
        ...log && { log },
        curves: curvesOf(runs),
      });
      await writeWhole(output, new TextEncoder().encode(svg));
      out(
        json
          ? runs.map((run) => jsonLine(asObject(run))).join("")
          : comparison(runs).map((line) => `${line}\n`).join(""),
      );
      say(`the curves are in ${output}`);
    },
  );
}

/** A colour a run; where texts were held out, their curves are dashed. */
function curvesOf(runs: readonly Trained[]): Curve[] {
  const isHeldOut = ({ metrics }: Trained) =>
    metrics.some((one) => one.validation_perplexity !== undefined);
  const dash = runs.some(isHeldOut) ? 0 : undefined;
  return runs.flatMap((run, color) => {
    const { name, metrics } = run;
    const training = points(metrics, "perplexity");
    if (!isHeldOut(run)) return [{ name, points: training, color, dash }];
    const validation = points(metrics, "validation_perplexity");
    return [
      { name, points: training, color, dash },
      { name: `${name}, validation`, points: validation, color, dash: 1 },
    ];
  });
}

type Trained = RunSummary & { readonly trained: object };

async function comparable(name: string): Promise<Trained> {
  const paths = await findRun(name);
  if (!await exists(paths.folder)) {
    throw new TaskError(
      EXIT.files,
      `there is no run ${name}: deno task runs lists all runs`,
    );
  }
  const run = await summarize(paths);
  if ("broken" in run) {
    throw new TaskError(
      EXIT.files,
      `cannot compare ${name}: ${run.broken} (deno task runs lists them)`,
    );
  }
  if (run.problem) {
    say(`note: ${run.problem}; an earlier model of ${name} is used`);
  }
  if (!run.trained || run.metrics.length === 0) {
    throw new TaskError(
      EXIT.input,
      `cannot compare ${name}: it has no metrics yet`,
    );
  }
  return { ...run, trained: run.trained };
}

/** Settings by name, as the code has them. */
function settings({ config, trained }: Trained): Record<string, unknown> {
  const { corpus, training } = trained;
  const { name, tokens, validationTokens } = corpus;
  return {
    text: name,
    tokens,
    heldOut: validationTokens,
    ...config,
    ...training,
    offset: training.offset ?? "drawn",
  };
}

/** Rows of settings and results, a column a run; `*` marks settings that differ. */
function comparison(runs: readonly Trained[]): string[] {
  const all = runs.map(settings);
  const differing = (key: string) =>
    new Set(all.map((one) => one[key])).size > 1;
  const hasEffect = (key: string) =>
    Object.entries(EFFECTS.get(key)?.onlyWith ?? {}).every(([other, choices]) =>
      all.some((one) => choices.includes(String(one[other])))
    );
  const rows = Object.keys(all[0])
    .filter((key) => ALWAYS.has(key) || differing(key))
    .filter(hasEffect)
    .map((key) => [
      `${differing(key) ? "*" : " "} ${spaced(key)}`,
      ...all.map((one) => key === "seed" ? `${one[key]}` : shown(one[key])),
    ]);
  const range = finiteRange(
    runs.flatMap(({ metrics }) => metrics.map((one) => one.perplexity)),
  );
  const result = (name: string, of: (run: Trained) => string) => {
    const cells = runs.map(of);
    return cells.every((cell) => cell === "") ? [] : [[`  ${name}`, ...cells]];
  };
  const last = ({ metrics }: Trained) => metrics[metrics.length - 1];
  return tableLines([
    ["", ...runs.map(({ name }) => name)],
    ...rows,
    ...result("parameters", (run) => grouped(run.parameters)),
    ...result("epochs done", (run) => grouped(last(run).epoch)),
    ...result("perplexity", (run) => perplexityText(last(run).perplexity)),
    ...result("validation", (run) => shownIf(last(run).validation_perplexity)),
    ...result("best validation", (run) => shownIf(bestValidation(run))),
    ...result("speed", (run) => speedText(run.tokensPerSecond)),
    ...result("time", (run) => duration(run.seconds)),
    ...result("device", (run) => deviceText(last(run).device)),
    ...result(
      "curve",
      ({ metrics }) =>
        sparkline(metrics.map((one) => one.perplexity), CURVE, range),
    ),
  ]);
}

/** The least that is a number, whatever else there is. */
function bestValidation({ metrics }: Trained): number | undefined {
  let best: number | undefined;
  for (const { validation_perplexity: value } of metrics) {
    if (value === undefined || !Number.isFinite(value)) continue;
    if (best === undefined || value < best) best = value;
  }
  return best;
}

function shownIf(perplexity: number | undefined): string {
  return perplexity === undefined ? "" : perplexityText(perplexity);
}

function shown(value: unknown): string {
  return typeof value === "number" && value >= 1000
    ? grouped(value)
    : printable(String(value));
}

function asObject(run: Trained) {
  const last = run.metrics[run.metrics.length - 1];
  return {
    run: run.name,
    model: modelText(run.config),
    settings: settings(run),
    parameters: run.parameters,
    epochs: last.epoch,
    perplexity: last.perplexity,
    validation_perplexity: last.validation_perplexity,
    best_validation_perplexity: bestValidation(run),
    tokens_per_second: run.tokensPerSecond,
    seconds: run.seconds,
    device: last.device,
  };
}

if (import.meta.main) await run(Deno.args);
