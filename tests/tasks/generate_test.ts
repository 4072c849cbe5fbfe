import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { generateTokens } from "../../lib/generation/generate_tokens.ts";
import { needsCommands } from "../access.ts";
import {
  denoArguments,
  runTask,
  TaskRunner,
  TemporaryFolder,
} from "./command.ts";
import { writeModel } from "./model.ts";

const MODEL = ["--checkpoint=model.safetensors", "--device=reference"];

const DRAWN = [
  "--prefix=time",
  "--temperature=0.9",
  "--top-k=9",
  "--top-p=0.9",
  "--repetition-penalty=1.1",
  "--seed=4",
  "--length=30",
];

/** The same as options. */
const OPTIONS = {
  temperature: 0.9,
  topK: 9,
  topP: 0.9,
  repetitionPenalty: 1.1,
  seed: 4,
  maxNewTokens: 30,
};

Deno.test({
  ...needsCommands(
    "generate: every flag does what the option of its name does",
  ),
  fn: async () => {
    using folder = new TemporaryFolder();
    const model = await writeModel(folder, "the time traveller came back");
    using backend = openReference();
    const options = { ...OPTIONS, count: 3, logProbabilities: true };
    const rows = ["", "", ""].map(() => ({
      text: "time",
      tokens: [] as unknown[],
    }));
    for await (
      const pieces of generateTokens(model, "time", backend, options)
    ) {
      pieces.forEach(({ text, tokens }, r) => {
        rows[r].text += text;
        rows[r].tokens.push(...tokens.map(({ token, logProbability }) => ({
          token,
          log_probability: logProbability,
        })));
      });
    }
    const texts = rows.map(({ text }) => text);
    assertEquals(new Set(texts).size, 3);
    const ok = async (...args: string[]) => {
      const all = [...DRAWN, ...MODEL, ...args];
      const { code, stdout, stderr } = await runTask(
        folder,
        "generate",
        ...all,
      );
      assertEquals([code, stderr], [0, ""]);
      return stdout;
    };
    assertEquals(await ok(), `${texts[0]}\n`);
    assertEquals(
      await ok("--count=3"),
      texts.map((text, i) => `--- ${i + 1} of 3 ---\n${text}\n`).join(""),
    );
    const lines = (await ok("--count=3", "--json")).trimEnd().split("\n")
      .map((line) => JSON.parse(line));
    assertEquals(lines.length, 3);
    lines.forEach((line, index) => {
      assertEquals(line, {
        checkpoint: "model.safetensors",
        device: backend.description,
        prefix: "time",
        text: texts[index],
        seed: 4,
        index,
        ended: "length",
        tokens: rows[index].tokens,
      });
    });
    // One text is the first of several.
    assertEquals(JSON.parse(await ok("--json")), lines[0]);

    const stop = texts[0].slice(12, 14);
    const at = texts[0].indexOf(stop, 4);
    assertEquals(await ok(`--stop=${stop}`), `${texts[0].slice(0, at)}\n`);
    const stopped = JSON.parse(await ok(`--stop=${stop}`, "--json"));
    assertEquals(stopped.ended, "stop");
    assertEquals(stopped.tokens.length, at - 4);
  },
});

Deno.test({
  ...needsCommands("generate: ends quietly where nobody reads on"),
  ignore: needsCommands("").ignore || Deno.build.os === "windows",
  fn: async () => {
    using folder = new TemporaryFolder();
    await writeModel(folder, "the time traveller came back");
    const words = [Deno.execPath(), ...denoArguments("generate")];
    const endless = ["--prefix=time", "--temperature=1", "--length=1000000"];
    const all = [...words, ...endless, ...MODEL];
    const quoted = all.map((word) => `'${word}'`).join(" ");
    const { code, stdout, stderr } = await new Deno.Command("bash", {
      args: ["-c", `set -o pipefail; ${quoted} | head -c 100`],
      cwd: folder.path,
      env: { XDG_RUNTIME_DIR: "/tmp" },
    }).output();
    const decoder = new TextDecoder();
    assertEquals([code, decoder.decode(stderr)], [141, ""]);
    assertEquals(decoder.decode(stdout).length, 100);
  },
});

Deno.test({
  ...needsCommands("generate: what it cannot do is one clear line"),
  fn: async () => {
    using folder = new TemporaryFolder();
    await using tasks = new TaskRunner(folder);
    await writeModel(folder, "the time traveller\ncame back, café");
    const said = async (expected: number, ...args: string[]) => {
      const all = [...args, ...MODEL];
      const { code, stdout, stderr } = await tasks.run("generate", ...all);
      assertEquals([code, stdout], [expected, ""], stderr);
      assertEquals(stderr.trimEnd().split("\n").length, 1);
      return stderr;
    };
    // Flags that would change nothing.
    for (const flag of ["top-k", "top-p", "seed", "count"]) {
      for (const temperature of [[], ["--temperature=0"]]) {
        const value = `--${flag}=${flag === "top-p" ? 0.5 : 2}`;
        assertStringIncludes(
          await said(2, "--prefix=time", value, ...temperature),
          `--${flag} needs a --temperature above 0`,
        );
      }
    }
    const cases: [number, string[], string][] = [
      [
        2,
        ["--prefix=time", "--temperature=1", "--top-p=1.5"],
        '--top-p cannot be "1.5": expected a number above 0, up to 1',
      ],
      [
        2,
        ["--prefix=t", "--temperature", "-1"],
        "expected a number of at least 0",
      ],
      [2, ["--count=4294967295"], "expected a whole number from 1 to 10000"],
      [
        2,
        [],
        'error: say what the text begins with, for example --prefix "tr',
      ],
      [2, ["--prefix", ""], "error: --prefix is empty: say what the text"],
      [
        2,
        ["traveller"],
        '"traveller" does not belong to a flag: type --prefix "trav',
      ],
      [
        2,
        ["--prefix", "--length", "5"],
        "--prefix needs a value: TEXT; type a",
      ],
      [3, ["--prefix", "- Hello"], 'no "-" at 1, "H" at 3'],
      [3, ["--prefix", "---"], 'no "-" at 1, "-" at 2, "-" at 3'],
      [3, ["--prefix", "time\\n"], "--prefix $'time\\n'"],
      [3, ["--prefix", "cafe\u0301"], "--prefix $'caf\\u00e9'"],
      [3, ["--prefix=t", "--stop", "\\n"], "--stop $'\\n'"],
      [3, ["--prefix=t", "--stop", "!"], "--stop '!' can never occur"],
    ];
    for (const [code, args, expected] of cases) {
      assertStringIncludes(await said(code, ...args), expected);
    }
  },
});

Deno.test({
  ...needsCommands(
    "generate: a prefix may begin with dashes, or end in a carriage return",
  ),
  fn: async () => {
    using folder = new TemporaryFolder();
    await using tasks = new TaskRunner(folder);
    await writeModel(folder, "- the --- time\nTom=\n");
    for (
      const prefix of ["- the", "---", "--", "-m", "Tom=", "--time=m", "\n"]
    ) {
      const { code, stdout, stderr } = await tasks.run(
        ...["generate", "--prefix", prefix, "--length", "0", ...MODEL] as const,
      );
      assertEquals([code, stdout, stderr], [0, `${prefix}\n`, ""]);
    }
    for (const prefix of ["Tom\r\n", "Tom\r"]) {
      const { code, stdout } = await tasks.run(
        ...["generate", "--prefix", prefix, "--length", "0", ...MODEL] as const,
      );
      assertEquals([code, stdout], [0, "Tom\n\n"]);
    }
  },
});

Deno.test({
  ...needsCommands("generate: says how to get out of a loop"),
  fn: async () => {
    using folder = new TemporaryFolder();
    await using tasks = new TaskRunner(folder);
    // Its few states come round soon.
    await writeModel(folder, "abcabc", { hiddenSize: 2 });
    const run = async (...args: string[]) =>
      await tasks.run("generate", "--prefix=a", ...args, ...MODEL);
    const looped = await run("--length=300");
    assertEquals(looped.code, 0);
    assertEquals(looped.stdout.length, 302);
    assertStringIncludes(looped.stderr, "--temperature 0.8 draws");
    assertEquals(looped.stderr.trimEnd().split("\n").length, 1);
    for (
      const args of [
        ["--length=300", "--json"],
        ["--length=5"],
        ["--length=300", "--temperature=1"],
      ]
    ) assertEquals((await run(...args)).stderr, "");
  },
});

Deno.test({
  ...needsCommands("a checkpoint of another format is named"),
  fn: async () => {
    using folder = new TemporaryFolder();
    const zip = Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0, 8, 8, 0, 0);
    Deno.writeFileSync(`${folder.path}/model.pt`, zip);
    const { code, stderr } = await runTask(
      folder,
      "generate",
      "--prefix=x",
      "--checkpoint=model.pt",
    );
    assertEquals(code, 3);
    assertStringIncludes(stderr, "model.pt is a file written by torch.save");
    assert(stderr.includes("save_file(torch.load("), stderr);
  },
});
