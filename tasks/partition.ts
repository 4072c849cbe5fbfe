import { partition } from "../lib/partition.ts";
import type { Corpus } from "../lib/text/corpus.ts";
import { textJoiner } from "../lib/text/text_joiner.ts";
import { withDefaults } from "../lib/training/settings.ts";
import { CORPUS_FLAGS, loadCorpus } from "./cli/corpus.ts";
import type { Command, Flags } from "./cli/command.ts";
import { PARTITION_FLAGS } from "./cli/partition_flags.ts";
import { runTask } from "./cli/run_task.ts";
import { jsonLine, out } from "./cli/terminal.ts";
import { grouped } from "./shared/grouped.ts";

/** How many rows of the first minibatch are shown. */
const SHOWN = 3;

export const command = {
  name: "partition",
  details:
    "The output shows where the rows of the first minibatches start, and the " +
    "inputs and targets of the first one as text.",
  flags: {
    ...CORPUS_FLAGS,
    ...PARTITION_FLAGS,
    epoch: {
      kind: "integer",
      least: 0,
      default: 0,
      help: "which epoch, counted from 0: each has its own offset",
    },
    json: { kind: "switch", help: "print one JSON object" },
  },
  examples: [
    "deno task partition",
    "deno task partition --corpus sample --sampling random --epoch 3",
  ],
} as const satisfies Command<Flags>;

export async function run(args: readonly string[]): Promise<never> {
  return await runTask(command, args, async (flags) => {
    const corpus = await loadCorpus(flags);
    const { epoch } = flags;
    const { batchSize, numSteps, sampling, seed } = withDefaults({
      batchSize: flags["batch-size"],
      numSteps: flags["num-steps"],
      sampling: flags.sampling,
      seed: flags.seed,
    });
    const settings = { batchSize, numSteps, sampling, seed, epoch };
    const { offset, count, starts } = partition(corpus.ids, settings);
    const first = starts(0).slice(0, SHOWN);
    const inputs = first.map((start) => textAt(corpus, start, numSteps));
    const targets = first.map((start) => textAt(corpus, start + 1, numSteps));
    if (flags.json) {
      const all = Array.from({ length: count }, (_, index) => starts(index));
      const { name } = corpus;
      out(jsonLine({
        corpus: name,
        sampling,
        seed,
        epoch,
        batch_size: batchSize,
        num_steps: numSteps,
        offset,
        count,
        tokens: count * batchSize * numSteps,
        starts: all,
        inputs,
        targets,
      }));
      return;
    }
    const tokens = grouped(count * batchSize * numSteps);
    out(
      `${corpus.name}, ${sampling} sampling, epoch ${epoch}, seed ${seed}: ` +
        `offset ${offset}\n` +
        `${grouped(count)} minibatches of ${batchSize} rows × ` +
        `${numSteps} steps: ${tokens} tokens\n\n`,
    );
    for (let index = 0; index < Math.min(count, SHOWN); index++) {
      const rows = starts(index);
      const shown = rows.slice(0, 8).join(", ");
      const more = rows.length > 8 ? ", ..." : "";
      out(`minibatch ${index} starts at ${shown}${more}\n`);
    }
    out("\nminibatch 0 in text:\n");
    first.forEach((_, row) => {
      out(
        `  row ${row}  inputs   ${JSON.stringify(inputs[row])}\n` +
          `         targets  ${JSON.stringify(targets[row])}\n`,
      );
    });
  });
}

function textAt(
  { ids, vocabulary, tokenizer }: Corpus,
  start: number,
  length: number,
): string {
  const tokens = [...ids.subarray(start, start + length)]
    .map((id) => vocabulary.tokens[id]);
  return textJoiner(tokenizer.level)(tokens, true);
}

if (import.meta.main) await run(Deno.args);
