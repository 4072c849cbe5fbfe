import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { evaluate } from "../../lib/evaluate.ts";
import { tokenize } from "../../lib/tokenize.ts";
import { perplexityText } from "../../tasks/shared/perplexity_text.ts";
import { needsCommands } from "../access.ts";
import { runTask, runTaskOn, TemporaryFolder } from "./command.ts";
import { writeModel } from "./model.ts";

const MODEL = ["--checkpoint=model.safetensors", "--device=reference"];

/** JSON lines: those of tokens, and the last. */
function parsed(stdout: string) {
  const lines = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  return { tokens: lines.slice(0, -1), summary: lines.at(-1) };
}

Deno.test({
  ...needsCommands("score: a table for people, from a file or from stdin"),
  fn: async () => {
    using folder = new TemporaryFolder();
    const model = await writeModel(folder, "the time traveller\ncame back");
    const text = "the time\ntraveller comes, 🦕!\n";
    Deno.writeTextFileSync(`${folder.path}/text.txt`, text);
    const file = await runTask(folder, "score", "text.txt", ...MODEL);
    assertEquals([file.code, file.stderr], [0, ""]);
    const piped = await runTaskOn(text, folder, "score", "-", ...MODEL);
    assertEquals([piped.code, piped.stderr], [0, ""]);
    assertEquals(piped.stdout.replace("stdin", "text.txt"), file.stdout);

    const corpus = tokenize(text, {
      ...model.tokenizer,
      vocabulary: model.vocabulary,
    });
    const result = await evaluate(model, corpus, openReference());
    const unknown = [...text.slice(1)].filter((c) =>
      !model.vocabulary.tokens.includes(c)
    );
    assertEquals(result.unknown, unknown.length);
    const [, tokens, strangers, bits, perplexity, heading, ...places] = file
      .stdout.trimEnd().split("\n");
    const predicted = [...text].length - 1;
    assertStringIncludes(
      tokens,
      `${predicted} predicted (the first token is not)`,
    );
    assertStringIncludes(strangers, `${unknown.length} not in the vocabulary`);
    assertStringIncludes(
      bits,
      `${result.bitsPerToken.toFixed(4)} per character (${predicted})`,
    );
    assertStringIncludes(perplexity, perplexityText(result.perplexity));
    assertEquals(heading, "least likely, at line:column:");
    assertEquals(places.length, 10);
    const marked = places.map((line) => /\[(.+)\]/u.exec(line)![1]);
    // Each place is where the marked character stands.
    const lines = text.split("\n").map((line) => [...line, "␊"]);
    places.forEach((line, i) => {
      const [, row, column] = /^ +(\d+):(\d+)/.exec(line)!;
      assertEquals(lines[Number(row) - 1][Number(column) - 1], marked[i]);
    });
  },
});

Deno.test({
  ...needsCommands("score --json: a line a token, and one at the end"),
  fn: async () => {
    using folder = new TemporaryFolder();
    const cases = [
      ["char", "none", "né 🦕 né", 6],
      // é begins in one byte and 🦕 in one.
      ["byte", "none", "né 🦕 né", 6],
      // Of the words that are predicted, with a space before each.
      ["word", "none", "né 🦕 né", 2 + 3],
      ["char", "letters", "Time,\nand  again!", "imeand again".length],
    ] as const;
    for (const [level, normalize, text, characters] of cases) {
      const trained = "né 🦕 time and again";
      await writeModel(folder, trained, {}, { level, normalize });
      const finished = await runTaskOn(
        text,
        folder,
        "score",
        "-",
        "--json",
        ...MODEL,
      );
      assertEquals([finished.code, finished.stderr], [0, ""]);
      const { tokens, summary } = parsed(finished.stdout);
      assertEquals(tokens[0].log_probability, null);
      const rest = tokens.slice(1).map((token) => token.log_probability);
      assert(rest.every((value) => value < 0));
      assertEquals(summary.tokens, rest.length);
      assertEquals(summary.characters, characters);
      assertEquals([summary.level, summary.normalize], [level, normalize]);
      const nats = -rest.reduce((a, b) => a + b, 0);
      const bits = nats / Math.LN2;
      assert(Math.abs(summary.bits_per_character - bits / characters) < 1e-12);
      assert(
        Math.abs(summary.perplexity - Math.exp(nats / rest.length)) < 1e-9,
      );
      const table = await runTaskOn(text, folder, "score", "-", ...MODEL);
      const cleaned = table.stdout.includes("cleaned to lower-case letters");
      assertEquals(cleaned, normalize === "letters");
    }
  },
});

Deno.test({
  ...needsCommands("score: bytes are shown in the characters that they are of"),
  fn: async () => {
    using folder = new TemporaryFolder();
    const text = "путь 🦕, время 时间; समय यात्री\n".repeat(3);
    await writeModel(folder, text, {}, { level: "byte" });
    const { code, stdout } = await runTaskOn(
      ...[text, folder, "score", "-", ...MODEL] as const,
    );
    assertEquals(code, 0);
    const places = stdout.trimEnd().split("\n").slice(-10);
    for (const line of places) {
      assert(!line.includes("\ufffd"), line);
      const [, marked] = /\[(.+)\]/u.exec(line)!;
      assertEquals([...marked].length, 1);
    }
  },
});

Deno.test({
  ...needsCommands("score: what it cannot read is one clear line"),
  fn: async () => {
    using folder = new TemporaryFolder();
    await writeModel(folder, "the time traveller");
    Deno.writeFileSync(
      `${folder.path}/latin1.txt`,
      Uint8Array.of(0x61, 0xe9, 0x62),
    );
    Deno.writeTextFileSync(`${folder.path}/one.txt`, "t");
    const said = async (code: number, ...args: string[]) => {
      const finished = await runTask(folder, "score", ...args, ...MODEL);
      assertEquals([finished.code, finished.stdout], [code, ""]);
      assertEquals(finished.stderr.trimEnd().split("\n").length, 1);
      return finished.stderr;
    };
    assertStringIncludes(await said(2), "FILE is missing: the text");
    assertStringIncludes(
      await said(2, "a.txt", "b.txt"),
      '"b.txt" is one too many',
    );
    assertStringIncludes(await said(7, "no.txt"), "there is no text at no.txt");
    assertStringIncludes(
      await said(3, "latin1.txt"),
      "not UTF-8: no character begins at byte 1",
    );
    const { code, stderr } = await runTaskOn(
      "",
      folder,
      "score",
      "-",
      ...MODEL,
    );
    assertEquals(code, 3);
    assertStringIncludes(stderr, 'from "stdin": the text contains no char');
    // Of one token nothing is predicted.
    const one = await runTask(folder, "score", "one.txt", ...MODEL);
    assertEquals([one.code, one.stderr], [0, ""]);
    assertStringIncludes(
      one.stdout,
      "tokens      0 predicted (the first token is not)",
    );
    assert(!/NaN|Infinity/.test(one.stdout));
  },
});
