import type { Backend } from "../lib/backend/backend.ts";
import { generate } from "../lib/generate.ts";
import type { GeneratedToken } from "../lib/generation/continuation.ts";
import { generateTokens } from "../lib/generation/generate_tokens.ts";
import {
  GENERATE_SETTINGS,
  type GenerateOptions,
  generateSettings,
} from "../lib/generation/options.ts";
import type { TrainedModel } from "../lib/training/checkpoint.ts";
import { DEVICE_FLAGS, openDevice } from "./cli/device.ts";
import type { Command, Flags, TextFlag, Values } from "./cli/command.ts";
import { UsageError } from "./cli/flags.ts";
import { hasLooped, LONGEST_LOOP } from "./cli/has_looped.ts";
import { assertPrefix, assertStop } from "./cli/prompts.ts";
import { runTask } from "./cli/run_task.ts";
import { loadModel, MODEL_FLAGS } from "./cli/chosen_model.ts";
import { flagsOf } from "./cli/setting_flags.ts";
import { jsonLine, out, say, stdout } from "./cli/terminal.ts";

const DRAWS = flagsOf(GENERATE_SETTINGS);
const USUAL = generateSettings({});

export const command = {
  name: "generate",
  details: "Each token is the likeliest one or, with --temperature, drawn at " +
    "random. Only the text goes to stdout, as it is generated. Several " +
    "texts are printed one after the other, each after a line such as " +
    '"--- 1 of 3 ---".',
  flags: {
    prefix: {
      kind: "text",
      value: "TEXT",
      mayBeEmpty: true,
      help: "what the text begins with; required",
    } as TextFlag,
    length: { ...DRAWS["max-new-tokens"], default: USUAL.maxNewTokens },
    temperature: { ...DRAWS.temperature, default: USUAL.temperature },
    "top-k": DRAWS["top-k"],
    "top-p": DRAWS["top-p"],
    "repetition-penalty": {
      ...DRAWS["repetition-penalty"],
      default: USUAL.repetitionPenalty,
    },
    seed: DRAWS.seed,
    count: { ...DRAWS.count, most: 10_000, default: USUAL.count },
    stop: {
      kind: "text",
      value: "TEXT",
      help: "end before this text, which is not printed (none)",
    } as TextFlag,
    ...MODEL_FLAGS,
    ...DEVICE_FLAGS,
    json: {
      kind: "switch",
      help: "print one JSON object per text, each on its own line: the text " +
        "and its tokens with their log-probabilities",
    },
  },
  examples: [
    'deno task generate --prefix "traveller"',
    'deno task generate --prefix "traveller" --temperature 0.8 --top-p 0.9 --seed 1',
    'deno task generate --prefix "the " --temperature 1 --count 5 --stop " the "',
  ],
} as const satisfies Command<Flags>;

type GenerateFlags = Values<typeof command.flags>;

export async function run(args: readonly string[]): Promise<never> {
  return await runTask(command, args, async (flags) => {
    const { prefix } = flags;
    if (!prefix) {
      throw new UsageError(
        (prefix === "" ? "--prefix is empty: " : "") +
          "say what the text begins with, for example --prefix " +
          '"traveller"',
      );
    }
    assertDraws(flags);
    const { path, model } = await loadModel(flags);
    assertPrefix(model, prefix);
    if (flags.stop !== undefined) assertStop(model, flags.stop);
    using backend = await openDevice(flags);
    const options: GenerateOptions = {
      maxNewTokens: flags.length,
      temperature: flags.temperature,
      topK: flags["top-k"],
      topP: flags["top-p"],
      repetitionPenalty: flags["repetition-penalty"],
      seed: flags.seed,
      stop: flags.stop,
    };
    if (flags.count === 1 && !flags.json) {
      const end = await writeText(generate(model, prefix, backend, options));
      if (flags.temperature === 0 && hasLooped(end)) {
        say(
          "the text repeats itself because the likeliest token is always " +
            "taken: --temperature 0.8 draws tokens at random",
        );
      }
      return;
    }
    const rows = await continuations(model, prefix, backend, options, flags);
    rows.forEach(({ text, tokens, ended }, index) =>
      out(
        flags.json
          ? jsonLine({
            checkpoint: path,
            device: backend.description,
            prefix,
            text,
            seed: flags.seed ?? 0,
            index,
            ended,
            tokens: tokens.map(({ token, logProbability }) => ({
              token,
              log_probability: logProbability,
            })),
          })
          : `--- ${index + 1} of ${flags.count} ---\n${text}\n`,
      )
    );
  });
}

/** Throws a UsageError where a flag would change nothing, as nothing is drawn. */
function assertDraws(flags: GenerateFlags): void {
  if (flags.temperature > 0) return;
  const drawn = (["top-k", "top-p", "seed"] as const)
    .find((flag) => flags[flag] !== undefined);
  if (drawn === undefined && flags.count === 1) return;
  throw new UsageError(
    `--${drawn ?? "count"} needs a --temperature above 0, such as ` +
      "0.8: at 0 no token is drawn at random, and every text is the " +
      "same",
  );
}

/** Writes a text as it is made; the end of it, without the prefix, which comes first. */
async function writeText(pieces: AsyncGenerator<string>): Promise<string> {
  const { value: prefix } = await pieces.next();
  out(prefix);
  let end = "";
  for await (const piece of pieces) {
    out(piece);
    await stdout.drained(); // no faster than it is read
    end = (end + piece).slice(-LONGEST_LOOP);
  }
  out("\n");
  return end;
}

/** All texts, whole, the prefix included. */
async function continuations(
  model: TrainedModel,
  prefix: string,
  backend: Backend,
  options: GenerateOptions,
  { count, json }: GenerateFlags,
): Promise<{ text: string; tokens: GeneratedToken[]; ended: string }[]> {
  // What generate gives first: the prefix as the model's tokens spell it.
  const begun = generate(model, prefix, backend, { maxNewTokens: 0 });
  const { value: start } = await begun.next();
  const rows = Array.from({ length: count }, () => ({
    text: String(start),
    tokens: [] as GeneratedToken[],
    ended: "length",
  }));
  const wanted = { ...options, count, logProbabilities: json };
  for await (const pieces of generateTokens(model, prefix, backend, wanted)) {
    pieces.forEach(({ text, tokens, ended }, i) => {
      rows[i].text += text;
      for (const token of tokens) rows[i].tokens.push(token);
      rows[i].ended = ended ?? rows[i].ended;
    });
  }
  return rows;
}

if (import.meta.main) await run(Deno.args);
