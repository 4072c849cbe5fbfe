import type { Backend } from "../lib/backend/backend.ts";
import { generate } from "../lib/generate.ts";
import { parameterCount } from "../lib/model/parameters.ts";
import { partition } from "../lib/partition.ts";
import { splitText, textJoiner } from "../lib/text/tokenizer.ts";
import type { Corpus } from "../lib/tokenize.ts";
import { train } from "../lib/train.ts";
import type { EpochEvent } from "../lib/training/trainer.ts";
import {
  type Checkpoint,
  encodeCheckpoint,
} from "../lib/training/checkpoint.ts";
import {
  chooseTrainingCorpus,
  CORPUS_FLAGS,
  loadCorpus,
  shortName,
} from "./cli/corpus.ts";
import { DEVICE_FLAGS, openDevice } from "./cli/device.ts";
import { writeWhole } from "./cli/files.ts";
import {
  choice,
  type Command,
  type Flags,
  type TextFlag,
  type Values,
} from "./cli/flags.ts";
import { interruptSignal } from "./cli/interrupt.ts";
import { epochMetrics, LineFile } from "./cli/metrics_file.ts";
import { PARTITION_FLAGS } from "./cli/partition_flags.ts";
import { EXIT, runTask } from "./cli/run_task.ts";
import {
  assertFreeRun,
  createRun,
  removeUnlessTrained,
  type RunPaths,
} from "./cli/runs.ts";
import {
  clearStatus,
  grouped,
  jsonLine,
  out,
  say,
  status,
} from "./cli/terminal.ts";

/** Epochs from one sample, and checkpoint, to the next. */
const SAMPLE_EVERY = 10;

/** What samples begin with; the first is the one shown during training. */
const PREFIXES = ["time traveller", "traveller"];

/** The table of flags. */
export const command = {
  name: "train",
  summary:
    "Trains a character model, as the chapter does, and keeps it as a run: " +
    "data/runs/NAME with model.safetensors and metrics.jsonl. Without --corpus " +
    "it takes The Time Machine, or the bundled sample where that cannot be had.",
  flags: {
    ...CORPUS_FLAGS,
    ...PARTITION_FLAGS,
    "hidden-size": {
      kind: "integer",
      least: 1,
      default: 512,
      help: "size of the hidden state",
    },
    activation: choice(["tanh", "relu"], "tanh", "nonlinearity of the cell"),
    epochs: {
      kind: "integer",
      least: 1,
      default: 500,
      help: "how often to go through the text",
    },
    "learning-rate": {
      kind: "number",
      least: 0,
      above: true,
      default: 1,
      help: "step size of gradient descent",
    },
    "clip-norm": {
      kind: "number",
      least: 0,
      default: 1,
      help: "global norm that gradients are scaled down to; 0: off",
    },
    "reset-state": {
      kind: "switch",
      help: 'zero the state at every minibatch (the book\'s "random" run)',
    },
    sigma: {
      kind: "number",
      least: 0,
      default: 0.01,
      help: "standard deviation of the initial weights",
    },
    ...DEVICE_FLAGS,
    run: {
      kind: "text",
      value: "NAME",
      help: "name of the run (the text's and the next free number)",
    } as TextFlag,
    json: {
      kind: "switch",
      help: "print a JSON object an epoch, and one at the end",
    },
  },
  examples: [
    "deno task train",
    "deno task train --corpus sample --hidden-size 128 --epochs 100",
    "deno task train --corpus book.txt --run book --learning-rate 0.5",
  ],
} as const satisfies Command<Flags>;

if (import.meta.main) await runTask(command, main);

async function main(flags: Values<typeof command.flags>): Promise<number> {
  if (flags.run !== undefined) await assertFreeRun(flags.run);
  const corpus = await loadCorpus({
    ...flags,
    corpus: flags.corpus ?? await chooseTrainingCorpus(),
  });
  // A text that is too short ends here.
  const { count } = partition(corpus.ids, partitionOptions(flags));
  using backend = await openDevice(flags);
  const run = await createRun(flags.run, shortName(corpus.name));
  describeRun(corpus, flags, count, run);
  try {
    return await trainRun(run, corpus, backend, flags);
  } catch (error) {
    await removeUnlessTrained(run);
    throw error;
  }
}

/** Trains, keeps the run's files, and prints what the model says; the exit code. */
async function trainRun(
  run: RunPaths,
  corpus: Corpus,
  backend: Backend,
  flags: Values<typeof command.flags>,
): Promise<number> {
  using metrics = new LineFile(run.metrics);
  const prefixes = samplePrefixes(corpus);
  const signal = interruptSignal();
  const events = train(corpus, backend, {
    ...partitionOptions(flags),
    hiddenSize: flags["hidden-size"],
    activation: flags.activation,
    epochs: flags.epochs,
    learningRate: flags["learning-rate"],
    clipNorm: flags["clip-norm"],
    resetState: flags["reset-state"],
    sigma: flags.sigma,
    checkpointEvery: SAMPLE_EVERY,
    signal,
  });
  let checkpoint: Checkpoint | undefined, last: EpochEvent | undefined;
  let tokens = 0, seconds = 0;
  for await (const event of events) {
    if (event.type === "epoch") {
      last = event;
      tokens += event.tokens;
      seconds += event.seconds;
      const line = jsonLine(epochMetrics(event, backend.description));
      metrics.append(line);
      if (flags.json) out(line);
      status(
        `epoch ${event.epoch} of ${flags.epochs}, ` +
          `perplexity ${event.perplexity.toFixed(2)}, ` +
          `${grouped(event.tokensPerSecond)} tokens/s`,
      );
    } else if (event.type === "checkpoint") {
      checkpoint = event.checkpoint;
      await writeWhole(run.checkpoint, await encodeCheckpoint(checkpoint));
      if (!last || last.epoch % SAMPLE_EVERY !== 0) continue;
      const sample = await continued(checkpoint, prefixes[0], backend);
      const epoch = String(last.epoch).padStart(String(flags.epochs).length);
      const perplexity = last.perplexity.toFixed(2).padStart(5);
      say(`epoch ${epoch}  perplexity ${perplexity}  ${sample}`);
    }
  }
  clearStatus();
  if (signal.aborted) {
    const epochs = last?.epoch ?? 0;
    say(`stopped after ${epochs} epochs; the model is ${run.checkpoint}`);
    return EXIT.interrupted;
  }
  await report(run, checkpoint!, last!, tokens / seconds, prefixes, {
    backend,
    json: flags.json,
  });
  return 0;
}

/** The chapter's closing lines: perplexity, speed, device, and what it says. */
async function report(
  run: RunPaths,
  checkpoint: Checkpoint,
  { perplexity }: EpochEvent,
  tokensPerSecond: number,
  prefixes: readonly string[],
  { backend, json }: { readonly backend: Backend; readonly json: boolean },
): Promise<void> {
  const samples: Record<string, string> = {};
  for (const prefix of prefixes) {
    samples[prefix] = await continued(checkpoint, prefix, backend);
  }
  const device = backend.description;
  out(
    json
      ? jsonLine({
        run: run.name,
        checkpoint: run.checkpoint,
        perplexity,
        tokens_per_second: tokensPerSecond,
        device,
        samples,
      })
      : `perplexity ${perplexity.toFixed(1)}, ` +
        `${grouped(tokensPerSecond)} tokens/s on ${device}\n` +
        Object.values(samples).map((sample) => `${sample}\n`).join(""),
  );
}

/** The flags that say how the text is cut into minibatches. */
function partitionOptions(flags: Values<typeof command.flags>) {
  return {
    batchSize: flags["batch-size"],
    numSteps: flags["num-steps"],
    sampling: flags.sampling,
    seed: flags.seed,
  };
}

function describeRun(
  { name, ids, vocabulary, tokenizer }: Corpus,
  flags: Values<typeof command.flags>,
  count: number,
  run: RunPaths,
): void {
  const parameters = parameterCount({
    cell: "rnn",
    activation: flags.activation,
    vocabularySize: vocabulary.tokens.length,
    hiddenSize: flags["hidden-size"],
    numLayers: 1,
  });
  say(
    `${name}: ${grouped(ids.length)} tokens (${tokenizer.level}), ` +
      `vocabulary ${grouped(vocabulary.tokens.length)}; ` +
      `${grouped(parameters)} parameters; ` +
      `${grouped(count)} minibatches an epoch; run ${run.name}`,
  );
}

/** What samples can begin with: the usual, or else how the text begins. */
function samplePrefixes(corpus: Corpus): string[] {
  const { vocabulary, tokenizer, ids } = corpus;
  const known = new Set(vocabulary.tokens.slice(1));
  const { level } = tokenizer;
  const usable = PREFIXES.filter((prefix) =>
    [...splitText(prefix, { level, normalize: "none" }).tokens]
      .every((token) => known.has(token))
  );
  if (usable.length > 0) return usable;
  const from = Math.max(0, ids.findIndex((id) => id > 0));
  const unknown = ids.subarray(from).indexOf(0);
  const end = from + Math.min(10, unknown < 0 ? Infinity : unknown);
  const start = [...ids.subarray(from, end)].map((id) => vocabulary.tokens[id]);
  return [textJoiner(level)(start, true)];
}

async function continued(
  checkpoint: Checkpoint,
  prefix: string,
  backend: Backend,
): Promise<string> {
  let text = "";
  for await (const piece of generate(checkpoint, prefix, backend)) {
    text += piece;
  }
  return text;
}
