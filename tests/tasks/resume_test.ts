import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import {
  decodeCheckpoint,
  encodeCheckpoint,
} from "../../lib/training/checkpoint.ts";
import { needsCommands } from "../access.ts";
import { TaskRunner, TemporaryFolder } from "./command.ts";

/** A model that trains in a moment. */
const TINY = [
  ...["--device=reference", "--hidden-size=4", "--batch-size=4"],
  "--num-steps=8",
];

const WORDS = "Time flies like an arrow; fruit flies like a banana.\n";

/** A folder with a text, and its tasks, each in one process. */
function workplace() {
  const folder = new TemporaryFolder();
  Deno.writeTextFileSync(`${folder.path}/text.txt`, WORDS.repeat(10));
  const tasks = new TaskRunner(folder);
  const path = (name: string) => `${folder.path}/${name}`;
  const train = async (code: number, ...args: string[]) => {
    const ended = await tasks.run("train", ...args);
    assertEquals(ended.code, code, ended.stderr);
    return ended.stderr;
  };
  const metrics = (run: string) =>
    Deno.readTextFileSync(path(`data/runs/${run}/metrics.jsonl`)).trimEnd()
      .split("\n").map((line) => JSON.parse(line));
  return {
    folder,
    tasks,
    path,
    train,
    metrics,
    [Symbol.asyncDispose]: async () => {
      await tasks[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

const RESUME = ["--resume", "--device=reference"];

Deno.test({
  ...needsCommands("--resume says what the learning rate will do, and does it"),
  fn: async () => {
    await using place = workplace();
    const { train, metrics, path } = place;
    await train(
      0,
      ...["--corpus=text.txt", ...TINY, "--epochs=4", "--run=a"],
      "--schedule=cosine",
    );
    const done = await train(0, ...RESUME, "--run=a");
    assertStringIncludes(
      done,
      "4 of 4 epochs are done; it had finished",
    );
    assertStringIncludes(done, "nothing is left to do: --epochs 8 continues");
    assertStringIncludes(done, "with a learning rate of 0.5 at first");
    const more = await train(0, ...RESUME, "--run=a", "--epochs=8");
    const said = more.match(
      /learning rate: (\S+) in epoch 5, (\S+) at the end of epoch 8/,
    );
    assert(said, more);
    assertMatch(more, /it was \S+e-\d/, "it had come near to zero");
    const rates = metrics("a").map(({ learning_rate }) => learning_rate);
    assert(rates[4] < Number(said[1]) && rates[4] > 0.3, `${rates}`);
    assertEquals(Number(rates[7].toPrecision(3)), Number(said[2]));
    const kept = await train(
      0,
      ...[...RESUME, "--run=a", "--epochs=9"],
      ...["--schedule=constant", "--learning-rate=0.01"],
    );
    assertMatch(kept, /^learning rate: 0\.01; it was /m);
    assertEquals(metrics("a")[8].learning_rate, 0.01);
    // The command lines that did something, and no other.
    const commands = Deno.readTextFileSync(path("data/runs/a/commands.txt"));
    assertEquals(commands.trimEnd().split("\n").length, 3, commands);
    assertStringIncludes(commands, "--learning-rate 0.01");
  },
});

Deno.test({
  ...needsCommands(
    "--resume of a run that patience ended says so, and what goes on",
  ),
  fn: async () => {
    await using place = workplace();
    const { train, metrics, path } = place;
    const text = WORDS.repeat(10) + WORDS.toUpperCase().repeat(2);
    Deno.writeTextFileSync(path("text.txt"), text);
    const begun = await train(
      0,
      ...["--corpus=text.txt", ...TINY, "--epochs=99", "--run=a"],
      ...["--validation=0.1", "--patience=2"],
    );
    assertMatch(
      begun,
      /no improvement since epoch \d+: stopped after \d+ of 99 epochs/,
    );
    const { length } = metrics("a");
    for (const flags of [[], ["--epochs=200"]]) {
      const ended = await train(0, ...RESUME, "--run=a", ...flags);
      assertMatch(
        ended,
        /it had stopped because there was no improvement since epoch \d+ \(--patience 2\)/,
      );
      assertStringIncludes(ended, "--patience 4 or --patience 0 continues");
      assertEquals(metrics("a").length, length);
    }
    await train(0, ...RESUME, "--run=a", "--patience=3");
    assertEquals(metrics("a").length, length + 1);
    await train(
      0,
      ...RESUME,
      "--run=a",
      "--patience=0",
      `--epochs=${length + 2}`,
    );
    assertEquals(metrics("a").length, length + 2);
  },
});

Deno.test({
  ...needsCommands(
    "--resume notices a best model that is gone, and takes it where it is the only one",
  ),
  fn: async () => {
    await using place = workplace();
    const { train, metrics, path } = place;
    const begin = ["--corpus=text.txt", ...TINY, "--epochs=3", "--run=a"];
    await train(0, ...begin, "--checkpoint-every=1 epoch");
    const at = (name: string) => path(`data/runs/a/${name}.safetensors`);
    const best = Deno.readFileSync(at("best"));
    Deno.removeSync(at("best"));
    const gone = await train(0, ...RESUME, "--run=a", "--epochs=4");
    assertStringIncludes(gone, "is missing or damaged");
    Deno.removeSync(at("model"));
    Deno.removeSync(at("previous"));
    Deno.writeFileSync(at("best"), best);
    await train(0, ...RESUME, "--run=a", "--epochs=5");
    assertEquals(metrics("a").map(({ epoch }) => epoch), [1, 2, 3, 4, 5]);
    for (const name of ["model", "best"]) {
      Deno.writeTextFileSync(at(name), "no model");
    }
    const lost = await train(3, ...RESUME, "--run=a");
    assertStringIncludes(lost, "best.safetensors: Not a usable checkpoint");
  },
});

Deno.test({
  ...needsCommands(
    "--resume says where a text may be now, and keeps its new place",
  ),
  fn: async () => {
    await using place = workplace();
    const { train, tasks, path } = place;
    await train(0, "--corpus=text.txt", ...TINY, "--epochs=1", "--run=a");
    Deno.renameSync(path("text.txt"), path("moved.txt"));
    const gone = await train(7, ...RESUME, "--run=a", "--epochs=2");
    assertStringIncludes(gone, "say where it is: --corpus PATH");
    Deno.writeTextFileSync(path("other.txt"), WORDS.repeat(9));
    const other = await train(
      3,
      ...[...RESUME, "--run=a", "--epochs=2", "--corpus=other.txt"],
    );
    assertStringIncludes(
      other,
      'Cannot resume on "other.txt": it is not the text',
    );
    await train(0, ...RESUME, "--run=a", "--epochs=2", "--corpus=moved.txt");
    await train(0, ...RESUME, "--run=a", "--epochs=3");
    const evaluated = await tasks.run("evaluate", "--device=reference");
    assertEquals(evaluated.code, 0, evaluated.stderr);
    assertStringIncludes(evaluated.stdout, "moved.txt");
  },
});

Deno.test({
  ...needsCommands(
    "without --run the newest is taken that can be gone on with, and it is said which",
  ),
  fn: async () => {
    await using place = workplace();
    const { train, tasks, path } = place;
    const begin = ["--corpus=text.txt", ...TINY, "--epochs=1"];
    for (const run of ["old", "new", "future"]) {
      await train(0, ...begin, `--run=${run}`);
    }
    const at = (run: string) => path(`data/runs/${run}/model.safetensors`);
    const set = (run: string, seconds: number) => {
      const time = new Date(Date.now() + 1000 * seconds);
      for (const { name } of Deno.readDirSync(path(`data/runs/${run}`))) {
        if (!name.endsWith(".safetensors")) continue;
        Deno.utimeSync(path(`data/runs/${run}/${name}`), time, time);
      }
    };
    set("old", -100);
    set("new", -50);
    set("future", 1e6);
    // One without a training, and what is no run.
    Deno.mkdirSync(path("data/runs/odd"));
    Deno.writeTextFileSync(path("data/runs/.DS_Store"), "x");
    await tasks.run("export", "--run=new", "--output=w.safetensors");
    const imported = await tasks.run(
      ...["import", "w.safetensors", "--run=imported"] as const,
      `--vocabulary=${at("new")}`,
    );
    assertEquals(imported.code, 0, imported.stderr);
    const resumed = await train(0, ...RESUME, "--epochs=2");
    assertMatch(resumed, /^run new: 1 of 2 epochs/m);
    set("imported", -10);
    set("new", -50);
    const generated = await tasks.run(
      ...["generate", "--prefix=Time", "--device=reference"] as const,
    );
    assertEquals(generated.code, 0, generated.stderr);
    assertStringIncludes(generated.stderr, "run imported, the newest");
    const missing = await train(7, "--resume", "--run=newt");
    assertStringIncludes(
      missing,
      'no run "newt" in data/runs: did you mean new?',
    );
  },
});

Deno.test({
  ...needsCommands(
    "a folder that a killed training has left is told of, and taken over",
  ),
  fn: async () => {
    await using place = workplace();
    const { train, metrics, path } = place;
    Deno.mkdirSync(path("data/runs/a"), { recursive: true });
    Deno.writeTextFileSync(path("data/runs/a/metrics.jsonl"), '{"epoch":1}\n');
    const none = await train(7, "--resume", "--run=a");
    assertStringIncludes(none, 'the run "a" has no checkpoint');
    assertStringIncludes(none, "--run a and without --resume");
    await train(0, "--corpus=text.txt", ...TINY, "--epochs=2", "--run=a");
    assertEquals(metrics("a").map(({ epoch }) => epoch), [1, 2]);
    const taken = await train(7, "--corpus=text.txt", ...TINY, "--run=a");
    assertStringIncludes(taken, 'the run "a" already exists');
  },
});

Deno.test({
  ...needsCommands(
    "the best model is used where a text was held out, else the last",
  ),
  fn: async () => {
    await using place = workplace();
    const { train, tasks } = place;
    const begin = ["--corpus=text.txt", ...TINY, "--epochs=3"];
    await train(0, ...begin, "--run=all");
    await train(0, ...begin, "--run=held", "--validation=0.1");
    for (const [run, file] of [["all", "model"], ["held", "best"]]) {
      for (const task of ["generate", "inspect"] as const) {
        const { stdout, code, stderr } = await tasks.run(
          ...[task, `--run=${run}`, "--json"] as const,
          ...task === "generate" ? ["--prefix=Time", "--device=reference"] : [],
        );
        assertEquals(code, 0, stderr);
        assertStringIncludes(stdout, `data/runs/${run}/${file}.safetensors`);
      }
    }
  },
});

Deno.test({
  ...needsCommands("report makes a run's report again"),
  fn: async () => {
    await using place = workplace();
    const { train, tasks, path } = place;
    await train(0, "--corpus=text.txt", ...TINY, "--epochs=2", "--run=a");
    const page = path("data/runs/a/report.html");
    const before = Deno.readTextFileSync(page);
    const lines = Deno.readTextFileSync(path("data/runs/a/metrics.jsonl"));
    Deno.removeSync(page);
    const { code, stdout, stderr } = await tasks.run("report", "--run=a");
    assertEquals([code, stdout], [0, "data/runs/a/report.html\n"], stderr);
    assertEquals(Deno.readTextFileSync(page), before);
    assertEquals(
      Deno.readTextFileSync(path("data/runs/a/metrics.jsonl")),
      lines,
    );
    const none = await tasks.run("report", "--run=b");
    assertEquals(none.code, 7);
    assertStringIncludes(none.stderr, 'there is no run "b"');
  },
});

Deno.test({
  ...needsCommands(
    "training that explodes without an end says so, and what diverges can be gone on with",
  ),
  fn: async () => {
    await using place = workplace();
    const { train, path } = place;
    const begin = [
      ...["--corpus=text.txt", "--epochs=4"],
      ...TINY.filter((flag) => !flag.startsWith("--device")),
    ];
    const above = await train(
      0,
      ...[...begin, "--device=reference"],
      ...["--learning-rate=100", "--clip-norm=0"],
    );
    assertMatch(above, /the perplexity(, \S+,)? is (not finite|above)/);
    assertStringIncludes(above, "--learning-rate (it is 100)");
    for (
      const [flags, message] of [
        [["--learning-rate=1e39"], "no more than 3.4e+38"],
        [["--learning-rate=1e31"], "expected a number above 0, up to 1e+30"],
        [
          ["--schedule=step", "--step-size=0.01", "--gamma=9"],
          "the learning rate would grow to",
        ],
      ] as const
    ) assertStringIncludes(await train(2, ...begin, ...flags), message);
    const diverged = await train(
      4,
      ...[...begin, "--run=d", "--learning-rate=1e30", "--clip-norm=0"],
      "--activation=relu",
      ...["--device=cpu", "--threads=1"],
    );
    assertStringIncludes(diverged, "Training diverged in epoch ");
    assertStringIncludes(
      diverged,
      "deno task train --resume --run d --learning-rate 1e+29",
    );
    assert(Deno.statSync(path("data/runs/d/model.safetensors")).isFile);
    assert(Deno.statSync(path("data/runs/d/report.html")).isFile);
  },
});

Deno.test({
  ...needsCommands(
    "an epoch that is resumed behind its last minibatch has no speed",
  ),
  fn: async () => {
    await using place = workplace();
    const { train, metrics, path } = place;
    const begin = ["--corpus=text.txt", ...TINY, "--epochs=1", "--run=a"];
    await train(0, ...begin, "--validation=0.2");
    // As it is when a signal comes while the held-out text is measured.
    const file = path("data/runs/a/model.safetensors");
    const checkpoint = await decodeCheckpoint(Deno.readFileSync(file));
    const { progress, resumeData, training } = checkpoint;
    const { updates } = resumeData!;
    Deno.writeFileSync(
      file,
      await encodeCheckpoint({
        ...checkpoint,
        training: { ...training, epochs: 2 },
        progress: { ...progress, epochs: 0, minibatches: updates },
        resumeData: {
          ...resumeData!,
          measured: Array.from(
            { length: updates },
            () => ({ loss: 2, norm: 1 }),
          ),
        },
      }),
    );
    const { tasks } = place;
    const ended = await tasks.run("train", ...RESUME, "--run=a", "--json");
    assertEquals(ended.code, 0, ended.stderr);
    const [first, second] = metrics("a");
    assertEquals([first.epoch, first.seconds], [1, 0]);
    assert(!("tokens_per_second" in first) && second.tokens_per_second > 0);
    const page = Deno.readTextFileSync(path("data/runs/a/report.html"));
    assert(!/NaN|undefined/.test(page));
    const last = JSON.parse(ended.stdout.trimEnd().split("\n").at(-1)!);
    assert(last.tokens_per_second > 0);
  },
});
