import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { PRESETS } from "../../tasks/cli/presets.ts";
import { canRead, needsCommands } from "../access.ts";
import { runTask, startTask, TemporaryFolder } from "./command.ts";

/** A model that trains in a moment. */
const TINY = [
  "--device=reference",
  "--hidden-size=8",
  "--batch-size=4",
  "--num-steps=8",
];

const WORDS = "Time flies like an arrow; fruit flies like a banana.\n";

/** A folder with a text, and how a task is run in it. */
function workplace() {
  const folder = new TemporaryFolder();
  Deno.writeTextFileSync(`${folder.path}/text.txt`, WORDS.repeat(20));
  const train = (...args: string[]) => runTask(folder, "train", ...args);
  const read = (path: string) => Deno.readFileSync(`${folder.path}/${path}`);
  const metrics = (run: string) =>
    new TextDecoder().decode(read(`data/runs/${run}/metrics.jsonl`))
      .trimEnd().split("\n").map((line) => {
        const { seconds: _, tokens_per_second: __, ...rest } = JSON.parse(line);
        return rest;
      });
  return {
    folder,
    train,
    read,
    metrics,
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

/** Waits until something has happened; a minute at the most. */
async function until(happened: () => boolean): Promise<void> {
  for (const end = performance.now() + 60_000; !happened();) {
    assert(performance.now() < end, "it did not happen within a minute");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

Deno.test({
  ...needsCommands(
    "train: a run that is stopped and resumed ends as one that never was",
  ),
  fn: async () => {
    using place = workplace();
    const { folder, train, read, metrics } = place;
    const args = [
      ...["--corpus=text.txt", ...TINY, "--cell=lstm", "--num-layers=2"],
      ...["--optimizer=adam", "--dropout=0.2", "--validation=0.1"],
      ...["--epochs=60"],
    ];
    const whole = await train(...args, "--run=whole");
    assertEquals(whole.code, 0, whole.stderr);
    const { process, finished } = startTask(folder, "train", [
      ...args,
      "--run=cut",
    ]);
    const path = `${folder.path}/data/runs/cut/metrics.jsonl`;
    await until(() => canRead(path) && Deno.statSync(path).size > 2000);
    process.kill("SIGINT");
    const stopped = await finished;
    assertEquals(stopped.code, 130, stopped.stderr);
    assertStringIncludes(
      stopped.stderr,
      "To continue: deno task train --resume --run cut",
    );
    const before = metrics("cut").length;
    assert(before < 60, "it was not stopped in time");
    // Lines that the checkpoint does not know, and a torn one.
    Deno.writeTextFileSync(path, '{"epoch":99}\n{"epo', { append: true });
    const resumed = await train("--resume", "--run=cut", "--device=reference");
    assertEquals(resumed.code, 0, resumed.stderr);
    assertStringIncludes(resumed.stderr, `run cut: ${before} of 60 epochs`);
    assertEquals(metrics("cut"), metrics("whole"));
    for (const file of ["model", "best"]) {
      assertEquals(
        read(`data/runs/cut/${file}.safetensors`),
        read(`data/runs/whole/${file}.safetensors`),
        file,
      );
    }
    const done = await train("--resume", "--run=cut");
    assertEquals([done.code, done.stdout], [0, ""]);
    assertStringIncludes(done.stderr, "nothing is left to do");
    const more = await train(
      "--resume",
      "--run=cut",
      "--epochs=61",
      "--json",
      "--device=cpu",
    );
    assertEquals(more.code, 0, more.stderr);
    assertEquals(metrics("cut").length, 61);
  },
});

Deno.test({
  ...needsCommands("train --resume changes nothing but what it may"),
  fn: async () => {
    using place = workplace();
    const { folder, train } = place;
    const none = await train("--resume");
    assertEquals(none.code, 7);
    assertStringIncludes(none.stderr, "no trained model");
    const first = await train("--corpus=text.txt", ...TINY, "--epochs=2");
    assertEquals(first.code, 0, first.stderr);
    const files = folder.files();
    const bad = [
      ["--hidden-size=9", "--hidden-size cannot change when a run is resumed"],
      ["--preset=lstm", "--preset cannot change"],
      ["--seed=1", "--seed cannot change"],
      ["--epochs=1", "2 are already done"],
      ["--run=other", "there is no run"],
    ];
    for (const [flag, message] of bad) {
      const { code, stderr, stdout } = await train("--resume", flag);
      assert(code > 0, flag);
      assertEquals(stdout, "");
      assertStringIncludes(stderr, message);
      assertEquals(stderr.trimEnd().split("\n").at(-1)!.slice(0, 7), "error: ");
    }
    const other = WORDS.replace("an arrow", "an eagle").repeat(20);
    Deno.writeTextFileSync(`${folder.path}/text.txt`, other);
    const changed = await train("--resume", "--epochs=4");
    assertEquals(changed.code, 3);
    assertStringIncludes(changed.stderr, "not the text");
    assertEquals(folder.files(), files);
  },
});

Deno.test({
  ...needsCommands("a damaged checkpoint is replaced by the one before"),
  fn: async () => {
    using place = workplace();
    const { folder, train } = place;
    const { code } = await train(
      "--corpus=text.txt",
      ...TINY,
      "--epochs=3",
      "--checkpoint-every=1 epoch",
    );
    assertEquals(code, 0);
    const model = `${folder.path}/data/runs/text-1/model.safetensors`;
    const bytes = Deno.readFileSync(model);
    bytes[bytes.length - 5] ^= 1;
    Deno.writeFileSync(model, bytes);
    const resumed = await train("--resume", "--device=reference");
    assertEquals(resumed.code, 0, resumed.stderr);
    assertStringIncludes(resumed.stderr, "it is damaged");
    assertStringIncludes(resumed.stderr, "using data/runs/text-1/previous");
    assertStringIncludes(resumed.stderr, "2 of 3 epochs are done");
    assertEquals(place.metrics("text-1").map(({ epoch }) => epoch), [1, 2, 3]);
  },
});

Deno.test({
  ...needsCommands(
    "train --validation keeps the best model and can stop early",
  ),
  fn: async () => {
    using place = workplace();
    const { folder, train, metrics } = place;
    // The text's end is of another kind than its beginning: it soon gets worse.
    Deno.writeTextFileSync(
      `${folder.path}/text.txt`,
      WORDS.repeat(20) + WORDS.toUpperCase().repeat(3),
    );
    const { code, stderr, stdout } = await train(
      "--corpus=text.txt",
      ...TINY,
      "--validation=0.1",
      "--patience=3",
      "--epochs=200",
    );
    assertEquals(code, 0, stderr);
    assertStringIncludes(stdout, "validation perplexity");
    const lines = metrics("text-1");
    const losses = lines.map(({ validation_loss }) => validation_loss);
    const best = losses.indexOf(Math.min(...losses)) + 1;
    assertEquals(
      lines.length,
      best + 3,
      "it ends three epochs behind the best",
    );
    assertStringIncludes(stderr, `no improvement since epoch ${best}`);
    const evaluated = await runTask(
      folder,
      "evaluate",
      "--json",
      "--device=reference",
    );
    assertStringIncludes(
      JSON.parse(evaluated.stdout).checkpoint,
      "best.safetensors",
    );
  },
});

Deno.test({
  ...needsCommands(
    "train --init-from goes on with another text and a larger vocabulary",
  ),
  fn: async () => {
    using place = workplace();
    const { folder, train } = place;
    const first = await train("--corpus=text.txt", ...TINY, "--epochs=30");
    assertEquals(first.code, 0, first.stderr);
    Deno.writeTextFileSync(
      `${folder.path}/other.txt`,
      `Ça vole comme une flèche 🏹. ${WORDS}`.repeat(12),
    );
    const small = ["--device=reference", "--batch-size=4", "--num-steps=8"];
    const second = await train(
      "--init-from=text-1",
      "--corpus=other.txt",
      "--epochs=1",
      "--json",
      ...small,
    );
    assertEquals(second.code, 0, second.stderr);
    assertMatch(second.stderr, /added to the vocabulary: \d+ tokens, .*"🏹"/);
    // What was learned helps: a fresh model is at this point much worse.
    const fresh = await train(
      ...["--corpus=other.txt", "--epochs=1", "--json", ...TINY],
    );
    const perplexity = ({ stdout }: typeof fresh) =>
      JSON.parse(stdout.split("\n")[0]).perplexity;
    assert(perplexity(second) < 0.8 * perplexity(fresh));
    const cell = await train("--init-from=text-1", "--cell=gru", ...small);
    assertEquals(cell.code, 2);
    assertStringIncludes(cell.stderr, "--cell cannot change the model");
    const missing = await train("--init-from=nowhere", ...small);
    assertEquals(missing.code, 7);
    assertStringIncludes(
      missing.stderr,
      'neither a checkpoint nor a run "nowhere"',
    );
  },
});

Deno.test({
  ...needsCommands(
    "every preset is printed as the flags that it stands for, and trains",
  ),
  fn: async () => {
    using place = workplace();
    for (const [preset, flags] of Object.entries(PRESETS)) {
      const { code, stderr } = await place.train(
        `--preset=${preset}`,
        "--corpus=text.txt",
        "--epochs=1",
        ...TINY,
      );
      assertEquals(code, 0, stderr);
      assertStringIncludes(stderr, `preset ${preset}: `);
      const given = ["epochs", ...TINY.map((flag) => flag.slice(2))]
        .map((flag) => flag.split("=")[0]);
      for (const [flag, value] of Object.entries(flags)) {
        const isShown = stderr.includes(`--${flag} ${value}`);
        assertEquals(isShown, !given.includes(flag), `${flag}: ${stderr}`);
      }
    }
  },
});

Deno.test({
  ...needsCommands("a preset leaves to a token file what it holds out"),
  fn: async () => {
    using place = workplace();
    for (const held of [[], ["--validation=0.2"]]) {
      const made = await runTask(
        ...[place.folder, "tokenize", "--corpus=text.txt", ...held] as const,
      );
      assertEquals(made.code, 0, made.stderr);
      const { code, stderr } = await place.train(
        "--preset=own-text",
        "--corpus=data/text.tokens.safetensors",
        "--epochs=1",
        ...TINY,
      );
      assertEquals(code, 0, stderr);
      assertEquals(stderr.includes("held out"), held.length > 0);
    }
  },
});

Deno.test({
  ...needsCommands("a flag that would do nothing is refused"),
  fn: async () => {
    using place = workplace();
    const useless = [
      ["--dropout=0.5", "--num-layers"],
      ["--gamma=0.5", "--schedule step"],
      ["--step-size=3", "--schedule step"],
      ["--forget-bias=1", "--cell lstm"],
      ["--patience=3", "--validation"],
      ["--activation=relu --cell=gru", "--cell rnn"],
      ["--init=uniform --sigma=1", "--init normal"],
      ["--checkpoint-every=5", "expected a time"],
      ["--checkpoint-every=0m", "expected a time"],
      ["--warmup=600", "does not end within 500 epochs"],
      ["--preset=lstm --init-from=x", "use only one of them"],
    ];
    for (const [flags, message] of useless) {
      const { code, stderr } = await place.train(
        "--corpus=text.txt",
        ...TINY,
        ...flags.split(" "),
      );
      assert(code === 2 || code === 3, `${flags}: ${stderr}`);
      assertStringIncludes(stderr, message);
      assertEquals(place.folder.files(), ["text.txt"]);
    }
  },
});

Deno.test({
  ...needsCommands("a run that is being trained is locked"),
  fn: async () => {
    using place = workplace();
    const { folder, train } = place;
    const { process, finished } = startTask(folder, "train", [
      ...["--corpus=text.txt", "--run=busy", "--checkpoint-every=1 epoch"],
      ...[...TINY, "--epochs=100000"],
    ]);
    try {
      const model = `${folder.path}/data/runs/busy/model.safetensors`;
      await until(() => canRead(model));
      const second = await train("--resume", "--run=busy", "--device=cpu");
      assertEquals(second.code, 8);
      assertStringIncludes(
        second.stderr,
        `the run "busy" is in use by process`,
      );
    } finally {
      process.kill("SIGINT");
      assertEquals((await finished).code, 130);
    }
  },
});
