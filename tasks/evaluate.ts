import { evaluate } from "../lib/evaluate.ts";
import { corpusDigest } from "../lib/text/corpus_digest.ts";
import { defaultMaxTokens, loadCorpusFor } from "./cli/corpus.ts";
import { DATA_FOLDER } from "./cli/data_folder.ts";
import { DEVICE_FLAGS, openDevice } from "./cli/device.ts";
import type { Command, Flags, NumberFlag, TextFlag } from "./cli/flags.ts";
import { UsageError } from "./cli/flags.ts";
import { runTask } from "./cli/run_task.ts";
import { loadModel, MODEL_FLAGS } from "./cli/runs.ts";
import { grouped, jsonLine, out, say } from "./cli/terminal.ts";

/** The table of flags. */
export const command = {
  name: "evaluate",
  summary:
    "Measures how well a trained model predicts a text, read as one stream.",
  flags: {
    ...MODEL_FLAGS,
    corpus: {
      kind: "text",
      value: "time-machine|sample|PATH",
      help: "the text (the one that it was trained on)",
    } as TextFlag,
    "max-tokens": {
      kind: "integer",
      least: 0,
      help:
        "tokens to read, from the first on; 0: all (as many as in training; " +
        "10000 for time-machine, 0 for others)",
    } as NumberFlag,
    ...DEVICE_FLAGS,
    json: { kind: "switch", help: "print one JSON object" },
  },
  examples: [
    "deno task evaluate",
    "deno task evaluate --corpus time-machine --max-tokens 0",
    `deno task evaluate --run sample-1 --corpus ${DATA_FOLDER}/book.txt`,
  ],
} as const satisfies Command<Flags>;

/** Runs the task on a command line, and ends the program. */
export async function run(args: readonly string[]): Promise<never> {
  return await runTask(command, args, async (flags) => {
    const { path, model } = await loadModel(flags);
    const trainedOn = "corpus" in model ? model.corpus : undefined;
    const name = flags.corpus ?? trainedOn?.name;
    if (name === undefined) {
      throw new UsageError(
        "the model was imported: on which text is it to be measured? For " +
          "example --corpus book.txt",
      );
    }
    const corpus = await loadCorpusFor(name, {
      ...model.tokenizer,
      vocabulary: model.vocabulary,
      maxTokens: flags["max-tokens"] ??
        (name === trainedOn?.name ? trainedOn.tokens : defaultMaxTokens(name)),
    });
    if (trainedOn && !flags.corpus && flags["max-tokens"] === undefined) {
      const digest = await corpusDigest(corpus.ids);
      if (digest !== trainedOn.sha256) {
        say(`note: ${name} is not as it was when the model was trained`);
      }
    }
    using backend = await openDevice(flags);
    const result = await evaluate(model, corpus, backend);
    if (flags.json) {
      out(jsonLine({
        checkpoint: path,
        corpus: name,
        loss: result.loss,
        perplexity: result.perplexity,
        bits_per_token: result.bitsPerToken,
        tokens: result.tokens,
        unknown: result.unknown,
        device: backend.description,
      }));
      return;
    }
    out(
      `perplexity ${result.perplexity.toFixed(3)} on ${name}, ` +
        `${grouped(result.tokens)} tokens (${model.tokenizer.level})\n` +
        `${result.loss.toFixed(4)} nats, ` +
        `${result.bitsPerToken.toFixed(4)} bits per token; ` +
        `${grouped(result.unknown)} not in the vocabulary\n`,
    );
  });
}

if (import.meta.main) await run(Deno.args);
