import type { Backend } from "../lib/backend/backend.ts";
import type { Corpus } from "../lib/text/corpus.ts";
import { train, type TrainOptions } from "../lib/train.ts";
import type { EpochEvent } from "../lib/training/events.ts";
import { meanSpeed } from "../lib/training/metrics.ts";
import { loadCorpus } from "./cli/corpus.ts";
import { perplexityText } from "./shared/perplexity_text.ts";
import { DEVICE_FLAGS, openDevice } from "./cli/device.ts";
import type { Command, Flags } from "./cli/command.ts";
import { type PRESETS, withPreset } from "./cli/presets.ts";
import { EXIT } from "./cli/exit.ts";
import { runTask } from "./cli/run_task.ts";
import { clearStatus, jsonLine, out, status } from "./cli/terminal.ts";
import { grouped } from "./shared/grouped.ts";
import { type Settings, trainOptions } from "./cli/training_flags.ts";

/** A run of the book, and the perplexity that it printed, to one decimal. */
interface PublishedRun {
  readonly name: string;
  readonly section: string;
  readonly preset: keyof typeof PRESETS;
  readonly options?: TrainOptions;
  readonly published: string;
  /** The most that it may be here, as printed to one decimal. */
  readonly most: number;
}

/** d2l's runs on The Time Machine: 500 epochs of its first 10,000 characters. */
const RUNS: readonly PublishedRun[] = [
  {
    name: "rnn",
    section: "8.5",
    preset: "chapter",
    published: "1.0",
    most: 1.2,
  },
  {
    name: "rnn, state zeroed",
    section: "8.5",
    preset: "chapter",
    options: { resetState: true },
    published: "1.5",
    most: 1.6,
  },
  {
    name: "rnn, concise",
    section: "8.6",
    preset: "concise",
    published: "1.3",
    most: 1.4,
  },
  { name: "gru", section: "9.1", preset: "gru", published: "1.1", most: 1.1 },
  { name: "lstm", section: "9.2", preset: "lstm", published: "1.3", most: 1.3 },
  {
    name: "deep lstm",
    section: "9.3",
    preset: "deep-lstm",
    published: "1.0",
    most: 1.1,
  },
];

/** The one that takes the least time. */
const QUICK = RUNS[2];

export const command = {
  name: "verify",
  details:
    "The models are d2l's, trained on The Time Machine as in the book. The " +
    "task fails if a perplexity is not reached. It takes a few minutes on a CPU.",
  flags: {
    quick: { kind: "switch", help: `only the quickest run: ${QUICK.name}` },
    ...DEVICE_FLAGS,
    json: { kind: "switch", help: "print one JSON object per run" },
  },
  examples: ["deno task verify", "deno task verify --quick --device cpu"],
} as const satisfies Command<Flags>;

export async function run(args: readonly string[]): Promise<never> {
  return await runTask(command, args, async (flags) => {
    const corpus = await loadCorpus({ corpus: "time-machine" });
    using backend = await openDevice(flags);
    if (!flags.json) {
      out("run                d2l   published  at most  here   tokens/s\n");
    }
    let missed = 0;
    for (const run of flags.quick ? [QUICK] : RUNS) {
      const result = await runOne(run, corpus, backend);
      const met = Number(result.perplexity.toFixed(1)) <= run.most;
      if (!met) missed++;
      out(
        flags.json ? jsonLine({ ...summary(run, result), met }) : [
          run.name.padEnd(18),
          run.section.padEnd(5),
          run.published.padEnd(10),
          run.most.toFixed(1).padEnd(8),
          perplexityText(result.perplexity).padEnd(6),
          grouped(result.tokensPerSecond).padEnd(9),
          met ? "" : "missed",
        ].join(" ").trimEnd() + "\n",
      );
    }
    return missed === 0 ? 0 : EXIT.failure;
  });
}

/** Perplexity of the last epoch, and the mean speed of all. */
async function runOne(
  { name, preset, options }: PublishedRun,
  corpus: Corpus,
  backend: Backend,
): Promise<{ perplexity: number; tokensPerSecond: number }> {
  const settings = withPreset(preset, {} as Settings);
  const epochs: EpochEvent[] = [];
  const all = { ...trainOptions(settings), ...options };
  for await (const event of train(corpus, backend, all)) {
    if (event.type !== "epoch") continue;
    epochs.push(event);
    const perplexity = perplexityText(event.perplexity);
    status(`${name}: epoch ${event.epoch}, perplexity ${perplexity}`);
  }
  clearStatus();
  const { perplexity } = epochs[epochs.length - 1];
  return { perplexity, tokensPerSecond: meanSpeed(epochs) };
}

function summary(
  { name, section, published, most }: PublishedRun,
  { perplexity, tokensPerSecond }: Awaited<ReturnType<typeof runOne>>,
) {
  return {
    run: name,
    section,
    published: Number(published),
    at_most: most,
    perplexity,
    tokens_per_second: tokensPerSecond,
  };
}

if (import.meta.main) await run(Deno.args);
