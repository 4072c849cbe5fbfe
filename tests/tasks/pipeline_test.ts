import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import {
  canRead,
  canRunCommands,
  needs,
  needsCommands,
  TIME_MACHINE,
} from "../access.ts";
import { fromFileUrl } from "@std/path";
import {
  runTask,
  startTask,
  type TaskName,
  TaskRunner,
  TemporaryFolder,
} from "./command.ts";

/** A model that trains in a moment. */
const TINY = [
  "--device=reference",
  "--hidden-size=8",
  "--batch-size=4",
  "--num-steps=8",
  "--epochs=2",
  "--max-tokens=600",
];

Deno.test({
  ...needsCommands("the six tasks run one after the other"),
  fn: async () => {
    using folder = new TemporaryFolder();
    await using tasks = new TaskRunner(folder);
    const text = "Time flies like an arrow; fruit flies like a banana.\n";
    Deno.writeTextFileSync(`${folder.path}/text.txt`, text.repeat(20));
    const ok = async (task: TaskName, ...args: string[]) => {
      const { code, stdout, stderr } = await tasks.run(task, ...args);
      assertEquals(code, 0, stderr);
      return stdout;
    };
    const from = ["--url=text.txt", "--sha1=none", "--output=data/book.txt"];
    assertStringIncludes(await ok("download", ...from), "1,060 bytes");
    assertStringIncludes(await ok("download", ...from), "already exists");
    const tokens = JSON.parse(
      await ok("tokenize", "--corpus=data/book.txt", "--json"),
    );
    assertEquals(tokens.tokens, 1060);
    assertEquals(tokens.lines, 20);
    assertEquals(tokens.file, "data/book.tokens.safetensors");
    const part = JSON.parse(
      await ok(
        "partition",
        `--corpus=${tokens.file}`,
        "--json",
        "--batch-size=4",
        "--num-steps=8",
      ),
    );
    assertEquals(part.starts.length, part.count);
    assertEquals(part.inputs[0].slice(1), part.targets[0].slice(0, -1));

    const trained = await ok("train", "--corpus=data/book.txt", ...TINY);
    const [summary, ...samples] = trained.trimEnd().split("\n");
    assertMatch(
      summary,
      /^perplexity \d+\.\d\d, [\d,]+ tokens\/s on reference/,
    );
    // The text has no "v": samples begin as the text does.
    assertEquals(samples.length, 1);
    assertStringIncludes(samples[0], "Time flies");
    assertEquals(
      folder.files().filter((name) => name.includes("runs")),
      [
        ".lock",
        "best.safetensors",
        "commands.txt",
        "metrics.jsonl",
        "model.safetensors",
        "perplexity.svg",
        "report.html",
        "samples.jsonl",
      ].map((name) => `data/runs/book-1/${name}`),
    );
    const lines = Deno.readTextFileSync(
      `${folder.path}/data/runs/book-1/metrics.jsonl`,
    ).trimEnd().split("\n").map((line) => JSON.parse(line));
    assertEquals(lines.map(({ epoch }) => epoch), [1, 2]);
    assertEquals(Object.keys(lines[0]), [
      "epoch",
      "loss",
      "perplexity",
      "tokens",
      "seconds",
      "tokens_per_second",
      "gradient_norm",
      "learning_rate",
      "skipped_minibatches",
      "device",
    ]);
    assert(Math.abs(Math.exp(lines[1].loss) - lines[1].perplexity) < 1e-12);

    const evaluated = JSON.parse(
      await ok("evaluate", "--json", "--device=reference"),
    );
    assertEquals(evaluated.tokens, 599);
    assertEquals(
      await ok("generate", "--prefix=Time", "--length=7", "--device=reference"),
      await ok(
        "generate",
        "--prefix=Time",
        "--length=7",
        "--device=reference",
        "--checkpoint=data/runs/book-1/model.safetensors",
      ),
    );
  },
});

Deno.test({
  ...needsCommands(
    "a part held out is reported, kept in the token file, and kept out",
  ),
  fn: async () => {
    using folder = new TemporaryFolder();
    await using tasks = new TaskRunner(folder);
    const text = "Time flies like an arrow; fruit flies like a banana.\r\n";
    Deno.writeTextFileSync(`${folder.path}/text.txt`, text.repeat(20));
    const tokenize = (...args: string[]) =>
      tasks.run("tokenize", "--corpus=text.txt", "--validation=0.1", ...args);
    const { stdout } = await tokenize();
    assertStringIncludes(
      stdout,
      "20 lines, 1,060 tokens (char), 954 to train on and 106 to validate\n",
    );
    const part = JSON.parse(
      (await tokenize("--max-tokens=600", "--json")).stdout,
    );
    assertEquals(
      [part.tokens, part.kept, part.training, part.validation],
      [1060, 600, 540, 60],
    );
    const partition = async (...args: string[]) => {
      const sizes = ["--batch-size=4", "--num-steps=8", "--json"];
      const done = await tasks.run("partition", ...args, ...sizes);
      assertEquals(done.code, 0, done.stderr);
      const { corpus: _, ...rest } = JSON.parse(done.stdout);
      return rest;
    };
    const cut = await partition(`--corpus=${part.file}`);
    assertEquals(
      cut,
      await partition(
        "--corpus=text.txt",
        "--max-tokens=600",
        "--validation=0.1",
      ),
    );
    assertEquals(cut.count, 16); // of 540 tokens; of 600 there would be 18
    const again = await tasks.run(
      "partition",
      `--corpus=${part.file}`,
      "--validation=0.2",
    );
    assertEquals(again.code, 2);
    assertStringIncludes(again.stderr, "--validation cannot change");
  },
});

Deno.test({
  ...needsCommands(
    "train: the same seed gives the same file, a run is never overwritten",
  ),
  fn: async () => {
    using folder = new TemporaryFolder();
    await using tasks = new TaskRunner(folder);
    const args = ["--corpus=sample", ...TINY];
    for (const run of ["a", "b"]) {
      const { code, stderr } = await tasks.run(
        "train",
        ...args,
        `--run=${run}`,
      );
      assertEquals(code, 0, stderr);
    }
    const model = (run: string) =>
      Deno.readFileSync(`${folder.path}/data/runs/${run}/model.safetensors`);
    assertEquals(model("a"), model("b"));
    const before = folder.files();
    const again = await tasks.run("train", ...args, "--run=a", "--seed=1");
    assertEquals(again.code, 7);
    assertStringIncludes(again.stderr, 'the run "a" already exists');
    assertEquals(folder.files(), before);
    assertEquals(model("a"), model("b"));
    // Without a name each run takes the next free number.
    for (const seed of [1, 2]) {
      const { code } = await tasks.run("train", ...args, `--seed=${seed}`);
      assertEquals(code, 0);
    }
    assert(model("sample-1").join() !== model("sample-2").join());
  },
});

Deno.test({
  ...needsCommands("train --json prints an object an epoch and one at the end"),
  fn: async () => {
    using folder = new TemporaryFolder();
    await using tasks = new TaskRunner(folder);
    const { stdout } = await tasks.run(
      "train",
      "--corpus=sample",
      "--json",
      ...TINY,
    );
    const [first, second, last] = stdout.trimEnd().split("\n").map((line) =>
      JSON.parse(line)
    );
    assertEquals([first.epoch, second.epoch], [1, 2]);
    assertEquals(last.perplexity, second.perplexity);
    assertEquals(Object.keys(last.samples), ["time traveller", "traveller"]);
    assertEquals(last.samples.traveller.length, 59);
  },
});

Deno.test({
  ...needsCommands(
    "train without a corpus and without network takes the sample",
  ),
  fn: async () => {
    using folder = new TemporaryFolder();
    const start = (...args: string[]) =>
      // No permission for the network stands for no network.
      startTask(folder, "train", [...args, ...TINY], "--allow-net").finished;
    const { code, stderr, stdout } = await start();
    assertEquals(code, 0, stderr);
    const said = stderr.split("\n").filter((line) => line.includes("sample"));
    assertMatch(
      said[0],
      /^The Time Machine cannot be downloaded: training on the/,
    );
    assertStringIncludes(stdout, "time traveller");

    const asked = await start("--corpus=time-machine");
    assertEquals(asked.code, 7);
    assertStringIncludes(asked.stderr, "run deno task download first");
    assertEquals(asked.stdout, "");
  },
});

Deno.test({
  ...needsCommands("train: SIGINT keeps what was learned"),
  fn: async () => {
    using folder = new TemporaryFolder();
    const args = ["--corpus=sample", "--device=reference", "--hidden-size=32"];
    const { process, finished } = startTask(folder, "train", args);
    const metrics = `${folder.path}/data/runs/sample-1/metrics.jsonl`;
    while (!canRead(metrics) || Deno.statSync(metrics).size === 0) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    process.kill("SIGINT");
    const { code, stderr } = await finished;
    assertEquals(code, 130, stderr);
    assertStringIncludes(stderr, "stopped in epoch");
    const text = await runTask(
      folder,
      "generate",
      "--prefix=the",
      "--device=reference",
    );
    assertEquals(text.code, 0, text.stderr);
    assertEquals(text.stdout.length, 3 + 50 + 1);
  },
});

Deno.test({
  ...needsCommands("download accepts nothing but the right bytes"),
  fn: async () => {
    using folder = new TemporaryFolder();
    await using tasks = new TaskRunner(folder);
    await using server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      (request) => {
        switch (new URL(request.url).pathname) {
          case "/right":
            return new Response("abc");
          case "/page":
            return new Response("<!DOCTYPE html><title>Log in</title>");
          default:
            return new Response("gone", { status: 404 });
        }
      },
    );
    const url = `http://127.0.0.1:${server.addr.port}`;
    const sha1 = "--sha1=a9993e364706816aba3e25717850c26c9cd0d89d";
    const fetch = (path: string, ...args: string[]) =>
      tasks.run("download", `--url=${url}${path}`, sha1, ...args);

    const page = await fetch("/page");
    assertEquals(page.code, 6);
    assertStringIncludes(page.stderr, "looks like an HTML page");
    const missing = await fetch("/missing");
    assertEquals(missing.code, 6);
    assertStringIncludes(missing.stderr, "HTTP status 404");
    assertEquals(folder.files(), []);

    assertEquals((await fetch("/right", "--output=x.txt")).code, 0);
    assertEquals(folder.files(), ["x.txt"]);
    // Right and there: the network is not asked.
    assertEquals((await fetch("/missing", "--output=x.txt")).code, 0);

    Deno.writeTextFileSync(`${folder.path}/x.txt`, "precious");
    const other = await fetch("/right", "--output=x.txt");
    assertEquals(other.code, 7);
    assertStringIncludes(other.stderr, "--force replaces it");
    assertEquals(Deno.readTextFileSync(`${folder.path}/x.txt`), "precious");
    assertEquals((await fetch("/right", "--output=x.txt", "--force")).code, 0);
    assertEquals(Deno.readTextFileSync(`${folder.path}/x.txt`), "abc");
  },
});

Deno.test({
  ...needs(
    "permission to run commands, and The Time Machine",
    canRunCommands() && canRead(TIME_MACHINE),
  )(
    "download takes The Time Machine from a file",
  ),
  fn: async () => {
    using folder = new TemporaryFolder();
    await using tasks = new TaskRunner(folder);
    const path = fromFileUrl(TIME_MACHINE);
    const { code, stdout } = await tasks.run("download", `--url=${path}`);
    assertEquals(code, 0);
    assertStringIncludes(stdout, "178,979 bytes");
    assertEquals(
      Deno.readFileSync(`${folder.path}/data/timemachine.txt`),
      Deno.readFileSync(path),
    );
  },
});
