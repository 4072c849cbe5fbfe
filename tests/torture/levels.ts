import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { assertNoTrace, assertOneError } from "./tools/messages.ts";
import { linesOf } from "./tools/run_state.ts";
import type { Torture, TortureOptions } from "./tools/torture.ts";
import { trialsOf } from "./tools/torture.ts";
import { DEVICE, Workplace } from "./tools/workplace.ts";

const LEVELS = ["byte", "char", "word"] as const;

type Level = typeof LEVELS[number];

/** Texts in scripts whose characters are one, two and three bytes, and no UTF-8. */
const TEXTS: Readonly<Record<string, string>> = {
  Russian: "Все счастливые семьи похожи друг на друга.\n",
  Chinese: "学而时习之，不亦说乎？有朋自远方来，不亦乐乎？\n",
  Hindi: "कर्म करो और फल की चिन्ता मत करो।\n",
  emoji: "Eins 👩‍🚀 zwei 🦊 drei 🍀 vier.\n",
  "Latin-1": "Où est né Noël à la forêt? Là, près du château, à l'été.\n",
};

interface Trial {
  readonly level: Level;
  readonly name: string;
}

const TRIALS: readonly Trial[] = [
  ...LEVELS.flatMap((level) =>
    Object.keys(TEXTS).map((name) => ({ level, name }))
  ),
  { level: "word", name: "all unknown" },
  { level: "word", name: "nearly all unknown" },
];

/** The case. */
export const torture: Torture = {
  name: "levels",
  summary: "Russian, Chinese, Hindi, emoji and Latin-1 as bytes, characters " +
    "and words to the end; a vocabulary of <unk> alone",
  count: TRIALS.length,
  run,
};

async function run(options: TortureOptions): Promise<void> {
  await trialsOf(options, TRIALS, async ({ level, name }) => {
    try {
      if (name.endsWith("unknown")) await trainUnknown(name === "all unknown");
      else await trainText(level, name);
    } catch (error) {
      throw new Error(`${name}, ${level}: ${(error as Error).message}`);
    }
  });
}

const MODEL = [
  ...["--corpus=text.txt", ...DEVICE, "--hidden-size=32", "--batch-size=4"],
  ...["--num-steps=16", "--cell=gru", "--optimizer=adam"],
  ...["--learning-rate=0.01", "--run=run"],
];

async function trainText(level: Level, name: string): Promise<void> {
  const isLatin = name === "Latin-1";
  // A line of Chinese is one word.
  const lines = level === "word" && name === "Chinese" ? 400 : 40;
  const text = TEXTS[name].repeat(lines);
  const bytes = isLatin
    ? Uint8Array.from(text, (character) => character.charCodeAt(0))
    : new TextEncoder().encode(text);
  using place = new Workplace(bytes);
  const args = [...MODEL, `--level=${level}`, "--epochs=60"];
  const ended = await place.finish("train", args);
  if (isLatin && level !== "byte") {
    const message = assertOneError(ended, [3], "train");
    assertMatch(message, /UTF-8|Latin-1|Windows-1252/);
    return;
  }
  assertEquals(ended.code, 0, ended.stderr);
  assertNoTrace(ended, "train");
  const samples = linesOf(join(place.run("run"), "samples.jsonl"))
    .map((line) => JSON.parse(line));
  assert(samples.length >= 6, `${samples.length} samples: ${ended.stderr}`);
  for (const { epoch, prefix, text } of samples) {
    const what = `the sample of epoch ${epoch}`;
    assert(text.startsWith(prefix), `${what} does not begin as its prefix`);
    if (isLatin) continue; // it has no whole characters
    assert(isWhole(prefix), `${what} has ${JSON.stringify(prefix)}`);
  }
  if (isLatin) return;
  const last = samples.at(-1)!;
  assert(
    isWhole(last.text),
    `the last sample has half a character: ${JSON.stringify(last.text)}`,
  );
  const start = TEXTS[name].split(" ")[0].slice(0, 3);
  const given = level === "word" ? TEXTS[name].split(" ")[0] : start;
  const prefix = level === "word" && name === "Chinese"
    ? TEXTS[name].trim()
    : given;
  const generated = await place.succeed("generate", [
    ...["--run=run", `--prefix=${prefix}`, "--length=100", ...DEVICE],
  ]);
  assert(generated.stdout.startsWith(prefix), generated.stdout);
}

function isWhole(text: string): boolean {
  return !text.includes("\ufffd") && text.isWellFormed();
}

/**
 * Words that come once each beside some that come often, or none: of them the
 * vocabulary is made.
 */
async function trainUnknown(isAll: boolean): Promise<void> {
  const words = Array.from(
    { length: 900 },
    (_, i) => i % 20 > 0 || isAll ? `w${i.toString(36)}` : "often",
  );
  using place = new Workplace(words.join(" "));
  const flags = ["--level=word", "--min-frequency=2"];
  const commands = [
    ["tokenize", "--corpus=text.txt", ...flags],
    ["train", ...MODEL, ...flags, "--epochs=3"],
    ["evaluate", "--run=run", ...DEVICE],
  ] as const;
  for (const [task, ...args] of commands) {
    const ended = await place.finish(task, args);
    if (isAll && ended.code !== 0) {
      assertMatch(assertOneError(ended, [3], task), /<unk>/);
      if (task === "train") return; // there is nothing to evaluate
      continue;
    }
    assertNoTrace(ended, task);
    assertEquals(ended.code, 0, `${task}: ${ended.stderr}`);
    const said = ended.stdout + ended.stderr;
    const share = isAll ? /100|\ball\b/ : /9[45](?:\.\d)? ?%/;
    assert(
      said.split("\n").some((line) =>
        line.includes("<unk>") && share.test(line)
      ),
      `${task} does not say how much of the text is <unk>: ${said}`,
    );
  }
}
