import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { tokenize as tokenizeText } from "../../lib/tokenize.ts";
import { train as trainModel } from "../../lib/train.ts";
import { encodeCheckpoint } from "../../lib/training/checkpoint.ts";
import { command as bench } from "../../tasks/bench.ts";
import { command as compare } from "../../tasks/compare.ts";
import { command as download } from "../../tasks/download.ts";
import { command as evaluate } from "../../tasks/evaluate.ts";
import { command as exportWeights } from "../../tasks/export.ts";
import { command as generate } from "../../tasks/generate.ts";
import { command as importWeights } from "../../tasks/import.ts";
import { command as inspect } from "../../tasks/inspect.ts";
import { command as partition } from "../../tasks/partition.ts";
import { command as runs } from "../../tasks/runs.ts";
import { command as score } from "../../tasks/score.ts";
import { command as tokenize } from "../../tasks/tokenize.ts";
import { command as train } from "../../tasks/train.ts";
import type { Flag } from "../../tasks/cli/command.ts";
import { needsCommands } from "../access.ts";
import {
  runTask,
  type TaskName,
  TaskRunner,
  TemporaryFolder,
} from "./command.ts";

const COMMANDS = [
  download,
  tokenize,
  partition,
  train,
  evaluate,
  generate,
  score,
  exportWeights,
  importWeights,
  inspect,
  runs,
  compare,
  bench,
];

/** Values that a text flag of this name must refuse. */
const BAD_TEXTS: Readonly<Record<string, string>> = {
  corpus: "no/such/text.txt",
  url: "gopher://example.com/",
  sha1: "1234",
  output: "text.txt/below-a-file",
  run: "../outside",
  checkpoint: "text.txt",
  prefix: "",
  stop: "",
  vocabulary: "text.txt",
  peer: "exit 1",
};

function badValues(flag: string, spec: Flag): string[] {
  switch (spec.kind) {
    case "switch":
      return []; // takes no value
    case "text":
      return [BAD_TEXTS[flag]];
    case "choice":
      return ["other"];
    case "integer":
      return [String(spec.least - 1), "1.5", "0x10", "1e3", "NaN", "", "1,5"];
    case "number": {
      const bad = [String(spec.least - 1), "abc", "Infinity", "", "1,5"];
      if (spec.above) bad.push(String(spec.least));
      if (spec.below !== undefined) bad.push(String(spec.below));
      return spec.most === undefined ? bad : [...bad, String(spec.most + 0.1)];
    }
  }
}

/** Flags that let a task get as far as the bad one, unless that is among them. */
function neededBeside(task: string, bad: string): string[] {
  const needed: Readonly<Record<string, readonly string[]>> = {
    download: ["--url=text.txt", "--sha1=none"],
    generate: ["--prefix=t", "--checkpoint=model.safetensors"],
    evaluate: ["--checkpoint=model.safetensors"],
    score: ["--checkpoint=model.safetensors", "text.txt"],
    export: ["--checkpoint=model.safetensors", "--output=w.safetensors"],
    import: ["model.safetensors", "--vocabulary=model.safetensors"],
    compare: ["a", "b"],
    bench: ["--device=reference", "--hidden-size=4", "--seconds=0.01"],
  };
  const flagOf = (text: string) => text.split("=")[0];
  return (needed[task] ?? []).filter((text) =>
    flagOf(text) !== flagOf(bad) &&
    !(flagOf(text) === "--checkpoint" && flagOf(bad) === "--run")
  );
}

async function writeTinyCheckpoint(path: string): Promise<void> {
  using backend = openReference();
  const options = { hiddenSize: 2, batchSize: 1, numSteps: 2, epochs: 1 };
  for await (
    const event of trainModel(tokenizeText("to and fro"), backend, options)
  ) {
    if (event.type !== "checkpoint") continue;
    Deno.writeFileSync(path, await encodeCheckpoint(event.checkpoint));
  }
}

for (const command of COMMANDS) {
  Deno.test({
    ...needsCommands(
      `${command.name}: a bad value of any flag is one clear line`,
    ),
    fn: async () => {
      using folder = new TemporaryFolder();
      Deno.writeTextFileSync(`${folder.path}/text.txt`, "too short\n");
      await writeTinyCheckpoint(`${folder.path}/model.safetensors`);
      const flags = Object.entries(command.flags as Record<string, Flag>);
      const lines: string[][] = flags.flatMap(([flag, spec]) =>
        badValues(flag, spec).map((value) => [`--${flag}=${value}`])
      );
      lines.push(["--no-such-flag"], ["stray"], ["--seed", "1", "--seed", "2"]);
      const before = folder.files();
      await using tasks = new TaskRunner(folder);
      for (const args of lines) {
        const finished = await tasks.run(
          command.name as TaskName,
          ...args,
          ...neededBeside(command.name, args[0]),
        );
        const shown = `${command.name} ${args.join(" ")}: ${finished.stderr}`;
        assert(finished.code > 0, shown);
        assertEquals(finished.stdout, "", shown);
        const said = finished.stderr.trimEnd().split("\n");
        assertEquals(said.length, 1, shown);
        assert(said[0].startsWith("error: "), shown);
        assert(!/\bat .*:\d+:\d+/.test(said[0]), shown);
        assertEquals(folder.files(), before, shown);
      }
    },
  });
}

Deno.test({
  ...needsCommands("errors say what to do"),
  fn: async () => {
    using folder = new TemporaryFolder();
    Deno.writeTextFileSync(`${folder.path}/short.txt`, "a short text");
    Deno.writeFileSync(
      `${folder.path}/latin1.txt`,
      new Uint8Array([0x61, 0xe9, 0x62]),
    );
    Deno.writeTextFileSync(`${folder.path}/empty.txt`, "");
    await using tasks = new TaskRunner(folder);
    const said = async (code: number, task: TaskName, ...args: string[]) => {
      const finished = await tasks.run(task, ...args);
      assertEquals(finished.code, code, finished.stderr);
      return finished.stderr;
    };
    assertStringIncludes(
      await said(2, "train", "--epohcs=3"),
      "there is no flag --epohcs: did you mean --epochs?",
    );
    assertStringIncludes(
      await said(2, "train", "--learning-rate=1,5"),
      '--learning-rate cannot be "1,5": expected a number above 0',
    );
    assertStringIncludes(
      await said(2, "tokenize", "--corpus=sample", "--validation=1"),
      '--validation cannot be "1": expected a number of at least 0 and below 1',
    );
    assertStringIncludes(
      await said(3, "tokenize", "--corpus=short.txt", "--validation=0.1"),
      'Cannot hold out 0.1 of "short.txt" for validation',
    );
    assertStringIncludes(
      await said(3, "partition", "--corpus=short.txt", "--validation=0.5"),
      "The text is too short: 6 tokens to train on",
    );
    assertStringIncludes(
      await said(3, "train", "--corpus=short.txt"),
      "The text is too short: 12 tokens",
    );
    assertStringIncludes(
      await said(3, "tokenize", "--corpus=empty.txt"),
      "contains no char",
    );
    assertStringIncludes(
      await said(
        3,
        "train",
        "--corpus=sample",
        "--hidden-size=50000",
        "--device=cpu",
      ),
      "would need 10",
    );
    assertEquals(folder.files(), ["empty.txt", "latin1.txt", "short.txt"]);
    assertStringIncludes(
      await said(3, "tokenize", "--corpus=latin1.txt"),
      "not UTF-8: no character begins at byte 1",
    );
    assertStringIncludes(
      await said(7, "train", "--resume"),
      "run deno task train first",
    );
    assertStringIncludes(
      await said(2, "generate"),
      'for example --prefix "traveller"',
    );
    assertStringIncludes(
      await said(2, "generate", "--prefix=x", "--run=a", "--checkpoint=b"),
      "use only one of them",
    );
    assertStringIncludes(
      await said(3, "generate", "--prefix=x", "--checkpoint=short.txt"),
      "short.txt: Not a usable checkpoint",
    );
  },
});

Deno.test({
  ...needsCommands("--help comes from the table of flags, and starts nothing"),
  fn: async () => {
    using folder = new TemporaryFolder();
    for (const command of COMMANDS) {
      const { code, stdout, stderr } = await runTask(
        folder,
        command.name as TaskName,
        "--help",
      );
      assertEquals([code, stderr], [0, ""]);
      for (const flag of Object.keys(command.flags)) {
        assertStringIncludes(stdout, `--${flag}`);
      }
      for (const line of stdout.split("\n")) assert(line.length <= 80, line);
    }
    assertEquals(folder.files(), []);
  },
});
