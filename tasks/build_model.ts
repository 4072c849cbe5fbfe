/**
 * Trains the model that comes with weena and writes data/time-machine.safetensors.
 *
 * @module
 */

import { InputError } from "../lib/input_error.ts";
import { fromFileUrl, relative } from "@std/path";
import type { Backend } from "../lib/backend/backend.ts";
import { openBackend } from "../lib/backend/open.ts";
import type { Corpus } from "../lib/text/corpus.ts";
import { train, type TrainOptions } from "../lib/train.ts";
import {
  type Checkpoint,
  encodeCheckpoint,
} from "../lib/training/checkpoint.ts";
import { perplexity } from "../lib/training/metrics.ts";
import type { EpochEvent } from "../lib/training/events.ts";
import { BUNDLED_MODEL } from "./cli/bundled_model.ts";
import { type CorpusFlags, loadCorpus } from "./cli/corpus.ts";
import { exists, writeWhole } from "./cli/files.ts";
import type { Command, Flags } from "./cli/command.ts";
import { multiplyAddOf } from "./cli/multiply_add.ts";
import { runTask } from "./cli/run_task.ts";
import { out, say } from "./cli/terminal.ts";
import { grouped } from "./shared/grouped.ts";

/** The text: all of it, the last tenth held out. */
export const CORPUS = {
  corpus: "time-machine",
  normalize: "letters",
  "max-tokens": 0,
  validation: 0.1,
} as const satisfies CorpusFlags;

/** The model, and how it is trained: docs/bundled-model.md says what else was tried. */
export const SETTINGS = {
  cell: "gru",
  numLayers: 3,
  hiddenSize: 152,
  embeddingSize: 32,
  dropout: 0.3,
  init: "uniform",
  optimizer: "adam",
  learningRate: 0.004,
  schedule: "cosine",
  batchSize: 16,
  numSteps: 64,
  epochs: 30,
} as const satisfies TrainOptions;

export const command = {
  name: "build:model",
  details: "It is trained on The Time Machine and written to data/" +
    "time-machine.safetensors: the same bytes on every machine that rounds " +
    "multiply-adds in the same way. It takes a few minutes.",
  flags: {},
  examples: ["deno task download", "deno task build:model"],
} as const satisfies Command<Flags>;

export async function run(args: readonly string[]): Promise<never> {
  return await runTask(command, args, async () => {
    const corpus = await loadCorpus(CORPUS);
    using backend = await openBackend("cpu");
    const model = await buildModel(corpus, backend, SETTINGS, sayEpoch);
    const bytes = await encodeCheckpoint(model);
    const path = fromFileUrl(BUNDLED_MODEL);
    const before = await exists(path) ? await Deno.readFile(path) : undefined;
    await writeWhole(path, bytes);
    out(
      `${relative(Deno.cwd(), path)}: ${grouped(bytes.length)} bytes` +
        (before && equal(before, bytes) ? ", the same as before\n" : "\n") +
        `epoch ${model.progress.epochs}, held out ` +
        `${grouped(model.corpus.validationTokens)} characters: ` +
        `${describeLoss(model.validationLoss)}\n` +
        `${model.provenance}\n`,
    );
  });
}

/**
 * Trains a model and gives it as it was after the epoch that predicted the held-out
 * text best: without what only its training needs, and naming no device.
 */
export async function buildModel(
  corpus: Corpus,
  backend: Backend,
  settings: TrainOptions,
  onEpoch: (event: EpochEvent) => void = () => {},
): Promise<Checkpoint> {
  let best: Checkpoint | undefined;
  for await (const event of train(corpus, backend, settings)) {
    if (event.type === "epoch") onEpoch(event);
    if (event.type !== "checkpoint" || event.reason !== "best") continue;
    best = event.checkpoint;
  }
  if (!best || !Number.isFinite(best.validationLoss)) {
    throw new InputError(
      `Cannot choose an epoch of the training on "${corpus.name}": ` +
        "none has a finite loss on a held-out text. Hold out a part of " +
        "the text",
    );
  }
  const { resumeData: _, ...model } = best;
  const rounding = await multiplyAddOf(backend);
  return { ...model, provenance: `weena, ${rounding} multiply-add` };
}

function sayEpoch({ epoch, loss, validation, seconds }: EpochEvent): void {
  say(
    `epoch ${epoch} of ${SETTINGS.epochs}: loss ${loss.toFixed(4)}, held out ` +
      `${validation?.loss.toFixed(4)}, ${seconds.toFixed(1)} s`,
  );
}

/** A loss as people compare it. */
function describeLoss(loss: number): string {
  return `${loss.toFixed(4)} nats, ${(loss / Math.LN2).toFixed(4)} bits ` +
    `per character, perplexity ${perplexity(loss).toFixed(3)}`;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

if (import.meta.main) await run(Deno.args);
