/**
 * One training run: its events to files and to the terminal.
 *
 * @module
 */

import type { Backend } from "../../lib/backend/backend.ts";
import { generate } from "../../lib/generate.ts";
import { splitText, textJoiner } from "../../lib/text/tokenizer.ts";
import type { Corpus } from "../../lib/tokenize.ts";
import {
  type Checkpoint,
  encodeCheckpoint,
  type TrainedModel,
} from "../../lib/training/checkpoint.ts";
import type { EpochEvent, TrainEvent } from "../../lib/training/events.ts";
import { writeWhole } from "./files.ts";
import { RunRecord } from "./run_record.ts";
import { EXIT } from "./run_task.ts";
import type { RunPaths } from "./runs.ts";
import { decimals, grouped, jsonLine, out, say } from "./terminal.ts";
import { TrainingDisplay } from "./training_display.ts";

/** What samples begin with, if the vocabulary has it. */
const PREFIXES = ["time traveller", "traveller"];

/** What a run is shown and kept by. */
export interface RunOptions {
  readonly corpus: Corpus;
  readonly backend: Backend;
  readonly epochs: number;
  /** How many are done already. */
  readonly done: number;
  /** Prints metrics as JSON on stdout. */
  readonly json: boolean;
  /** The command line that this is. */
  readonly command: string;
}

/** Keeps a run's files, and prints how it goes; the exit code. */
export async function trainRun(
  run: RunPaths,
  events: AsyncIterable<TrainEvent>,
  { corpus, backend, epochs, done, json, command }: RunOptions,
): Promise<number> {
  using record = await RunRecord.open(run, done, command);
  const display = new TrainingDisplay(epochs, record.perplexities());
  const prefixes = samplePrefixes(corpus);
  let last: EpochEvent | undefined, model: Checkpoint | undefined;
  let stopped = false, tokens = 0, seconds = 0, best = 0;
  try {
    for await (const event of events) {
      if (event.type === "progress") {
        display.progress(event);
      } else if (event.type === "epoch") {
        last = event;
        tokens += event.tokensPerSecond * event.seconds;
        seconds += event.seconds;
        const line = await record.epoch(event, backend.description);
        if (json) out(line);
        display.epoch(event);
      } else if (event.type === "checkpoint") {
        const { reason, checkpoint } = event;
        const bytes = await encodeCheckpoint(checkpoint);
        record.sync(); // the lines of its epochs are on the disk before it is
        if (reason === "best") {
          await writeWhole(run.best, bytes);
          best = checkpoint.progress.epochs;
          continue;
        }
        await writeWhole(run.checkpoint, bytes, run.previous);
        model = checkpoint;
        stopped = reason === "stopped";
        if (reason === "diverged") await record.finish(checkpoint);
      } else {
        const { epoch } = event;
        const [prefix] = prefixes;
        const text = await continued(event.model, prefix, backend);
        record.sample({ epoch, prefix, text });
        display.sample(epoch, text);
      }
    }
  } finally {
    display.end();
  }
  if (stopped) {
    await record.finish(model!);
    say(
      `stopped in epoch ${
        (last?.epoch ?? done) + 1
      } of ${epochs}. Go on with: ` +
        `deno task train --resume --run ${run.name}`,
    );
    return EXIT.interrupted;
  }
  if (!last || !model) return 0;
  if (last.epoch < epochs) {
    say(
      `no better since epoch ${best || "the one resumed from"}: ended after ` +
        `${last.epoch} of ${epochs} epochs; the best model is ${run.best}`,
    );
  }
  const samples: Record<string, string> = {};
  for (const prefix of prefixes) {
    const text = await continued(model, prefix, backend);
    record.sample({ epoch: last.epoch, prefix, text });
    samples[prefix] = text;
  }
  await record.finish(model);
  say(`${run.report} shows how it went`);
  const device = backend.description, tokensPerSecond = tokens / seconds;
  const { perplexity, validation } = last;
  out(
    json
      ? jsonLine({
        run: run.name,
        checkpoint: run.checkpoint,
        perplexity,
        ...validation && { validation_perplexity: validation.perplexity },
        tokens_per_second: tokensPerSecond,
        device,
        samples,
      })
      : `perplexity ${decimals(perplexity, 1)}, ` +
        (validation
          ? `validation perplexity ${decimals(validation.perplexity, 1)}, `
          : "") +
        `${grouped(tokensPerSecond)} tokens/s on ${device}\n` +
        Object.values(samples).map((sample) => `${sample}\n`).join(
          "",
        ),
  );
  return 0;
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
  model: TrainedModel,
  prefix: string,
  backend: Backend,
): Promise<string> {
  let text = "";
  for await (const piece of generate(model, prefix, backend)) text += piece;
  return text;
}
