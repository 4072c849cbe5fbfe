import { join } from "@std/path";
import { tokenFileParts } from "../lib/text/token_file.ts";
import { unknownCount } from "../lib/text/token_ids.ts";
import { CORPUS_FLAGS, loadCorpus } from "./cli/corpus.ts";
import { unknownText } from "./cli/corpus_notes.ts";
import { DATA_FOLDER } from "./cli/data_folder.ts";
import { shortened } from "./cli/describe.ts";
import { exists, writeWhole } from "./cli/files.ts";
import type { Command, Flags, TextFlag } from "./cli/command.ts";
import { runNameFor } from "./cli/run_name.ts";
import { EXIT, TaskError } from "./cli/exit.ts";
import { runTask } from "./cli/run_task.ts";
import { jsonLine, out } from "./cli/terminal.ts";
import { grouped } from "./shared/grouped.ts";

/** How many of the most frequent tokens are shown. */
const SHOWN = 10;

export const command = {
  name: "tokenize",
  details: "Both are written to a token file, which other tasks accept as " +
    "--corpus.",
  flags: {
    ...CORPUS_FLAGS,
    output: {
      kind: "text",
      value: "PATH",
      help: `the token file (${DATA_FOLDER}/NAME.tokens.safetensors)`,
    } as TextFlag,
    force: { kind: "switch", help: "replace an existing --output" },
    json: { kind: "switch", help: "print one JSON object" },
  },
  examples: [
    "deno task tokenize",
    "deno task tokenize --corpus sample --level word",
    "deno task tokenize --corpus book.txt --min-frequency 5",
  ],
} as const satisfies Command<Flags>;

export async function run(args: readonly string[]): Promise<never> {
  return await runTask(command, args, async (flags) => {
    const corpus = await loadCorpus(flags);
    const { vocabulary, lines, totalTokens, tokenizer, name } = corpus;
    const training = corpus.ids.length;
    const validation = corpus.validation?.length ?? 0;
    const kept = training + validation;
    const file = flags.output ??
      join(DATA_FOLDER, `${runNameFor(name)}.tokens.safetensors`);
    if (flags.output && !flags.force && await exists(file)) {
      throw new TaskError(
        EXIT.files,
        `${file} already exists: --force replaces it`,
      );
    }
    await writeWhole(file, tokenFileParts(corpus));
    const unknown = unknownCount(corpus.ids) +
      (corpus.validation ? unknownCount(corpus.validation) : 0);
    const share = unknownText(corpus.ids, corpus.validation);
    const frequent = vocabulary.tokens.slice(1, 1 + SHOWN)
      .map((token, i) => [token, vocabulary.counts[1 + i]] as const);
    if (flags.json) {
      out(jsonLine({
        corpus: name,
        ...tokenizer,
        lines,
        tokens: totalTokens,
        kept,
        training,
        validation,
        vocabulary_size: vocabulary.tokens.length,
        unknown,
        most_frequent: frequent,
        file,
      }));
      return;
    }
    const cut = kept < totalTokens ? `, the first ${grouped(kept)} kept` : "";
    const split = validation > 0
      ? `, ${grouped(training)} to train on and ${
        grouped(validation)
      } to validate`
      : "";
    const listed = frequent.map(([token, count]) =>
      `${JSON.stringify(shortened(token))} ${grouped(count)}`
    );
    out(
      `${name}: ${grouped(lines)} lines, ${grouped(totalTokens)} tokens ` +
        `(${tokenizer.level})${cut}${split}\n` +
        `vocabulary: ${grouped(vocabulary.tokens.length)} tokens` +
        (share ? `; the text is ${share}\n` : "\n") +
        `most frequent: ${listed.join("  ")}\n` +
        `written to ${file}\n`,
    );
  });
}

if (import.meta.main) await run(Deno.args);
