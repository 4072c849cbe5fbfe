import { evaluate } from "../lib/evaluate.ts";
import type { Corpus } from "../lib/text/corpus.ts";
import { corpusDigest } from "../lib/text/corpus_digest.ts";
import { CORPUS_FLAGS, defaultMaxTokens, loadCorpusFor } from "./cli/corpus.ts";
import { DATA_FOLDER } from "./cli/data_folder.ts";
import { unknownText } from "./cli/corpus_notes.ts";
import { perplexityText } from "./shared/perplexity_text.ts";
import { DEVICE_FLAGS, openDevice } from "./cli/device.ts";
import type {
  Command,
  Flags,
  NumberFlag,
  TextFlag,
  Values,
} from "./cli/command.ts";
import { UsageError } from "./cli/flags.ts";
import { EXIT, TaskError } from "./cli/exit.ts";
import { runTask } from "./cli/run_task.ts";
import { loadModel, MODEL_FLAGS } from "./cli/chosen_model.ts";
import { jsonLine, out, say } from "./cli/terminal.ts";
import { grouped } from "./shared/grouped.ts";
import { isTextName } from "./shared/text_names.ts";

export const command = {
  name: "evaluate",
  details: "The text is read as one stream.",
  flags: {
    ...MODEL_FLAGS,
    corpus: {
      kind: "text",
      value: CORPUS_FLAGS.corpus.value,
      help: "the text (the one that the model was trained on; if a part of " +
        "it was held out, only that part)",
    } as TextFlag,
    "max-tokens": {
      kind: "integer",
      least: 0,
      help: "number of tokens to read, from the start; 0: all (for the " +
        "model's own text as many as training read; otherwise 10000 for " +
        "time-machine, 0 for others)",
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

/** What of a text is measured. */
type Part = "all" | "trained on" | "held out";

export async function run(args: readonly string[]): Promise<never> {
  return await runTask(command, args, async (flags) => {
    const { path, model } = await loadModel(flags);
    const { corpus, part } = await textFor(model, flags);
    const { name } = corpus;
    using backend = await openDevice(flags);
    const result = await evaluate(model, corpus, backend);
    if (flags.json) {
      out(jsonLine({
        checkpoint: path,
        corpus: name,
        part,
        loss: result.loss,
        perplexity: result.perplexity,
        bits_per_token: result.bitsPerToken,
        tokens: result.tokens,
        unknown: result.unknown,
        device: backend.description,
      }));
      return;
    }
    const of = {
      all: "",
      "trained on": ", which the model was trained on",
      "held out": " held out from training",
    };
    const { level } = model.tokenizer;
    const share = unknownText(corpus.ids.subarray(1));
    out(
      `perplexity ${perplexityText(result.perplexity)} on ${name}, ` +
        `${grouped(result.tokens)} tokens (${level})${of[part]}\n` +
        `${result.loss.toFixed(4)} nats, ` +
        `${result.bitsPerToken.toFixed(4)} bits per token; ` +
        `${grouped(result.unknown)} not in the vocabulary` +
        (share ? ` (${share})\n` : "\n"),
    );
    if (part === "trained on") {
      say(
        "note: to see how well it predicts a text that it has not seen, " +
          "use another text (--corpus), or train with a part held out " +
          "(train --validation 0.1)",
      );
    }
  });
}

type Model = Awaited<ReturnType<typeof loadModel>>["model"];

/**
 * The text to measure on. Where it is the one that the model was trained on and
 * nothing says how much of it to read, that is the part held out, if there is one.
 */
async function textFor(
  model: Model,
  flags: Values<typeof command.flags>,
): Promise<{ corpus: Corpus; part: Part }> {
  const trainedOn = "corpus" in model ? model.corpus : undefined;
  const name = flags.corpus ?? trainedOn?.name;
  if (name === undefined) {
    throw new UsageError(
      "the model was imported: choose the text to evaluate it on, for " +
        "example --corpus book.txt",
    );
  }
  const isNamed = name === trainedOn?.name;
  const kept = trainedOn ? trainedOn.tokens + trainedOn.validationTokens : 0;
  const given = flags["max-tokens"];
  if (flags.corpus === undefined) await assertStillThere(name);
  const corpus = await loadCorpusFor(name, {
    ...model.tokenizer,
    vocabulary: model.vocabulary,
    maxTokens: given ?? (isNamed ? kept : defaultMaxTokens(name)),
  });
  if (!trainedOn || given !== undefined) return { corpus, part: "all" };
  const { ids, validation } = parted(corpus, trainedOn.tokens);
  const begins = await corpusDigest(ids) === trainedOn.sha256;
  if (!begins || ids.length + validation.length !== kept) {
    if (isNamed) {
      say(`note: ${name} has changed since the model was trained`);
    } else if (begins) {
      say(
        "note: the model was trained on the first " +
          `${grouped(trainedOn.tokens)} tokens of ${name}`,
      );
    }
    return { corpus, part: "all" };
  }
  return validation.length < 2
    ? { corpus: { ...corpus, ids }, part: "trained on" }
    : { corpus: { ...corpus, ids: validation }, part: "held out" };
}

/** A text as training cut it: a token file has its parts, of others the end is held out. */
function parted({ ids, validation }: Corpus, trained: number) {
  return {
    ids: ids.subarray(0, trained),
    validation: validation ?? ids.subarray(trained),
  };
}

/** Throws, saying how to go on, where the text of a run has been moved or removed. */
async function assertStillThere(name: string): Promise<void> {
  if (isTextName(name)) return;
  const found = await Deno.stat(name).catch((error) => error as Error);
  if (!(found instanceof Deno.errors.NotFound)) return;
  throw new TaskError(
    EXIT.files,
    "the text that the model was trained on is no longer at " +
      `${name}: use --corpus PATH to say where it is now, or to ` +
      "choose another text",
  );
}

if (import.meta.main) await run(Deno.args);
