import { score, type ScoredToken } from "../lib/score.ts";
import type { Corpus } from "../lib/text/corpus.ts";
import { isContinuationByte } from "../lib/text/decode_ids.ts";
import { splitText } from "../lib/text/split_text.ts";
import { textJoiner } from "../lib/text/text_joiner.ts";
import type { Level } from "../lib/text/tokenizer.ts";
import { tokenize } from "../lib/tokenize.ts";
import type { TrainedModel } from "../lib/training/checkpoint.ts";
import { perplexityText } from "./shared/perplexity_text.ts";
import { DEVICE_FLAGS, openDevice } from "./cli/device.ts";
import { readWanted } from "./cli/files.ts";
import type { Command, Flags } from "./cli/command.ts";
import { assertInputFile } from "./cli/input_file.ts";
import { type Place, placesOf } from "./cli/places.ts";
import { runTask } from "./cli/run_task.ts";
import { loadModel, MODEL_FLAGS } from "./cli/chosen_model.ts";
import { explained, notice } from "./cli/tokenize_file.ts";
import { jsonLine, out, printable, say, stdout } from "./cli/terminal.ts";
import { grouped } from "./shared/grouped.ts";

/** How many of the least likely places are shown, and tokens before and behind each. */
const SHOWN = 10;
const AROUND: Readonly<Record<Level, number>> = { char: 24, byte: 24, word: 6 };

/** What counts as a character. */
const COUNTED: Readonly<Record<Level, string>> = {
  char: "",
  byte: " that begin in them",
  word: ", including a space before each word",
};

export const command = {
  name: "score",
  details:
    "Each token but the first is predicted from all the tokens before it. " +
    "The text is split into tokens, and cleaned if the model works on " +
    "letters, in the same way as the text that the model was trained on.",
  argument: { value: "FILE", help: "the text, in UTF-8; - is stdin" },
  flags: {
    ...MODEL_FLAGS,
    ...DEVICE_FLAGS,
    json: {
      kind: "switch",
      help: "print one JSON object per token, and one at the end",
    },
  },
  examples: [
    "deno task score letter.txt",
    'echo "time traveller" | deno task score - --run time-machine-1',
    "deno task score letter.txt --json",
  ],
} as const satisfies Command<Flags>;

/** What a text comes to. */
interface Totals {
  /** Tokens that were predicted: all but the first. */
  tokens: number;
  /** How many of these are not in the vocabulary. */
  unknown: number;
  /** Characters that these tokens stand for. */
  characters: number;
  /** Sum of the negative log-probabilities. */
  nats: number;
}

/** A token that was not expected. */
interface Surprise {
  readonly index: number;
  readonly logProbability: number;
}

export async function run(args: readonly string[]): Promise<never> {
  return await runTask(command, args, async (flags, file) => {
    const { path, model } = await loadModel(flags);
    const name = file === "-" ? "stdin" : file!;
    if (file !== "-") await assertInputFile(name, "text");
    const text = file === "-"
      ? await readStdin()
      : await readWanted(name, "text");
    const { tokenizer } = model;
    const corpus = cut(text, name, model);
    const spelled = [...splitText(text, tokenizer).tokens];
    using backend = await openDevice(flags);
    const totals: Totals = { tokens: 0, unknown: 0, characters: 0, nats: 0 };
    let least: Surprise[] = [], index = 0;
    for await (const some of score(model, corpus, backend)) {
      const from = index;
      for (const token of some) {
        const spelling = spelled[index++];
        if (flags.json) out(tokenLine(token, spelling));
        if (token.logProbability === undefined) continue;
        totals.tokens++;
        if (token.id === 0) totals.unknown++;
        totals.characters += charactersOf(spelling, tokenizer.level);
        totals.nats -= token.logProbability;
      }
      least = leastLikely(least, some, from);
      await stdout.drained(); // no faster than it is read
    }
    if (flags.json) {
      out(jsonLine({
        checkpoint: path,
        file: name,
        ...tokenizer,
        tokens: totals.tokens,
        unknown: totals.unknown,
        characters: totals.characters,
        bits_per_character: bitsPerCharacter(totals),
        bits_per_token: totals.nats / Math.LN2 / totals.tokens,
        perplexity: Math.exp(totals.nats / totals.tokens),
        device: backend.description,
      }));
      return;
    }
    const places = tokensAt(text, model, least.map(({ index }) => index));
    out(summary(name, model, totals));
    if (least.length === 0) return;
    const of = tokenizer.normalize === "letters" ? " of the cleaned text" : "";
    out(`least likely, at line:column${of}:\n`);
    for (const { index, logProbability } of least) {
      const { line, column } = places.get(index)!;
      out(
        `  ${`${line}:${column}`.padEnd(8)} ` +
          `${probability(logProbability).padEnd(8)}  ` +
          `${marked(spelled, index, tokenizer.level)}\n`,
      );
    }
  });
}

/** The text in the model's tokens; what it is that is no text is an error that says so. */
function cut(
  text: Uint8Array,
  name: string,
  { tokenizer, vocabulary }: TrainedModel,
): Corpus {
  const isRaw = tokenizer.level === "byte" && tokenizer.normalize === "none";
  const said = notice(text, name, isRaw);
  if (said) say(`note: ${said}`);
  try {
    return tokenize(text, { ...tokenizer, vocabulary, name });
  } catch (error) {
    throw explained(error, name, text);
  }
}

/** The text's numbers, each on a line of its own. */
function summary(
  name: string,
  { tokenizer: { level, normalize }, vocabulary }: TrainedModel,
  totals: Totals,
): string {
  const cleaned = normalize === "letters"
    ? ", cleaned to lower-case letters and spaces"
    : "";
  const { tokens, unknown, characters, nats } = totals;
  const rows: [string, string][] = [
    ["text", `${name} (${level}${cleaned})`],
    ["tokens", `${grouped(tokens)} predicted (the first token is not)`],
    [
      "unknown",
      `${grouped(unknown)} not in the vocabulary of ` +
      `${grouped(vocabulary.tokens.length)}, scored as <unk>`,
    ],
  ];
  if (tokens > 0) {
    rows.push(
      [
        "bits",
        `${bitsPerCharacter(totals).toFixed(4)} per character ` +
        `(${grouped(characters)}${COUNTED[level]}), ` +
        `${(nats / Math.LN2 / tokens).toFixed(4)} per token`,
      ],
      ["perplexity", `${perplexityText(Math.exp(nats / tokens))} per token`],
    );
  }
  return rows.map(([left, right]) => `${left.padEnd(12)}${right}\n`).join("");
}

/** How many characters (code points) a token stands for. */
function charactersOf(token: string, level: Level): number {
  switch (level) {
    case "char":
      return 1;
    case "byte": // one where the byte begins a character
      return isContinuationByte(token) ? 0 : 1;
    case "word":
      return 1 + [...token].length;
  }
}

function bitsPerCharacter({ nats, characters }: Totals): number {
  return nats / Math.LN2 / characters;
}

function tokenLine({ id, logProbability }: ScoredToken, token: string): string {
  return jsonLine({ token, id, log_probability: logProbability ?? null });
}

/** The least likely of those so far and some more, the very least first. */
function leastLikely(
  soFar: readonly Surprise[],
  more: readonly ScoredToken[],
  from: number,
): Surprise[] {
  const all = [...soFar];
  more.forEach(({ logProbability }, i) => {
    if (logProbability !== undefined) {
      all.push({ index: from + i, logProbability });
    }
  });
  all.sort((a, b) => a.logProbability - b.logProbability || a.index - b.index);
  return all.slice(0, SHOWN);
}

/** The places of some tokens, by their numbers. */
function tokensAt(
  text: Uint8Array,
  { tokenizer }: TrainedModel,
  indices: readonly number[],
): Map<number, Place> {
  const wanted = new Set(indices), found = new Map<number, Place>();
  let index = 0;
  for (const place of placesOf(text, tokenizer)) {
    if (wanted.has(index)) found.set(index, place);
    index++;
  }
  return found;
}

/**
 * A token between its neighbours, on one line: `…me trav[e]ller ca…`; at level `byte`
 * the character that it is a part of, between whole ones.
 */
function marked(
  tokens: readonly string[],
  index: number,
  level: Level,
): string {
  const goesOn = (at: number) =>
    level === "byte" && at < tokens.length && isContinuationByte(tokens[at]);
  const around = AROUND[level];
  let from = index, to = index + 1;
  while (from > 0 && index - from < 3 && goesOn(from)) from--;
  while (to - from < 4 && goesOn(to)) to++;
  let first = Math.max(0, from - around);
  while (first < from && goesOn(first)) first++;
  let end = Math.min(tokens.length, to + around);
  while (end > to && goesOn(end)) end--;
  const joined = (from: number, to: number) =>
    textJoiner(level)(tokens.slice(from, to), true);
  const gap = level === "word" ? " " : "";
  const line = (first > 0 ? "…" : "") +
    [joined(first, from), `[${joined(from, to)}]`, joined(to, end)]
      .join(gap).trim() +
    (end < tokens.length ? "…" : "");
  return printable(line.replaceAll("\n", "\u240a").replaceAll("\t", "\u2409"));
}

/** A probability as people read it: `12.3%`, `0.4%`, `2e-7`. */
function probability(logProbability: number): string {
  const value = Math.exp(logProbability);
  return value >= 0.001
    ? `${(100 * value).toFixed(1)}%`
    : value.toExponential(0);
}

async function readStdin(): Promise<Uint8Array> {
  return new Uint8Array(await new Response(Deno.stdin.readable).arrayBuffer());
}

if (import.meta.main) await run(Deno.args);
