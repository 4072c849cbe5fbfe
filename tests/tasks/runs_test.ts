import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { canRead, needsCommands } from "../access.ts";
import {
  denoArguments,
  runTask,
  type TaskName,
  TemporaryFolder,
} from "./command.ts";
import { assertWellFormed, reachesOut } from "./markup.ts";
import { writeModel } from "./model.ts";

const TEXT = "Time flies like an arrow; <b>fruit</b> flies & more.\n";

/** Runs Deno; what it left. */
async function finish(
  folder: TemporaryFolder,
  args: string[],
  env: Record<string, string>,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: folder.path,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** Copies a folder with all that is in it. */
function copy(from: string, to: string): void {
  Deno.mkdirSync(to, { recursive: true });
  for (const { name, isDirectory } of Deno.readDirSync(from)) {
    if (isDirectory) copy(`${from}/${name}`, `${to}/${name}`);
    else Deno.copyFileSync(`${from}/${name}`, `${to}/${name}`);
  }
}

/** A folder with a text, and how tasks are run in it. */
function workplace() {
  const folder = new TemporaryFolder();
  Deno.writeTextFileSync(`${folder.path}/text.txt`, TEXT.repeat(20));
  const run = (task: TaskName, ...args: string[]) =>
    runTask(folder, task, ...args);
  const train = async (...args: string[]) => {
    const tiny = ["--hidden-size=8", "--batch-size=4", "--num-steps=8"];
    const finished = await run(
      ...["train", "--corpus=text.txt", "--device=reference"] as const,
      ...[...tiny, ...args],
    );
    assertEquals(finished.code, 0, finished.stderr);
    return finished;
  };
  const read = (path: string) =>
    Deno.readTextFileSync(`${folder.path}/data/${path}`);
  const lines = (path: string) =>
    read(path).trimEnd().split("\n").map((line) => JSON.parse(line));
  const dispose = () => folder[Symbol.dispose]();
  return { folder, run, train, read, lines, [Symbol.dispose]: dispose };
}

Deno.test({
  ...needsCommands("a run's folder holds its samples, curve and report"),
  fn: async () => {
    using place = workplace();
    const { folder, train, run, read, lines } = place;
    const { stderr } = await train("--epochs=20", "--run=a");
    assert(!stderr.includes("\x1b"), "no escape codes in a pipe");
    assertMatch(stderr, /^epoch 20 of 20, perplexity .* tokens\/s$/m);
    assertStringIncludes(stderr, "data/runs/a/report.html shows how it went");
    assertEquals(folder.files("data/runs/a").map((path) => path.slice(12)), [
      ...[".lock", "best.safetensors", "commands.txt"],
      ...["metrics.jsonl", "model.safetensors"],
      ...["perplexity.svg", "report.html", "samples.jsonl"],
    ]);
    const command = "deno task train --corpus text.txt --batch-size 4 " +
      "--num-steps 8 --hidden-size 8 --epochs 20 --device reference\n";
    const words = (line: string) => line.trim().split(/ (?=--)/).sort();
    assertEquals(words(read("runs/a/commands.txt")), words(command));
    const samples = lines("runs/a/samples.jsonl");
    assertEquals(samples.map(({ epoch }) => epoch), [10, 20]);
    for (const { prefix, text } of samples) assert(text.startsWith(prefix));
    const svg = read("runs/a/perplexity.svg");
    assertWellFormed(svg);
    assertEquals(reachesOut(svg), []);
    assertMatch(svg, /<svg [^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    for (const text of ["perplexity", "epoch", "prefers-color-scheme:dark"]) {
      assertStringIncludes(svg, text);
    }
    const page = read("runs/a/report.html");
    assertEquals(reachesOut(page), []);
    assertEquals(page.match(/<svg/g)?.length, 4);
    assertStringIncludes(page, "after 20 of 20 epochs");
    assert(!page.includes("<b>fruit"), "the text is shown as text");

    // A resumed run's files are of all its epochs, and of none twice.
    const path = `${folder.path}/data/runs/a/samples.jsonl`;
    const later = '{"epoch":90,"prefix":"x","text":"y"}\n{"epo';
    Deno.writeTextFileSync(path, later, { append: true });
    const flags = ["--resume", "--run=a", "--epochs=31", "--device=reference"];
    const resumed = await run("train", ...flags);
    assertEquals(resumed.code, 0, resumed.stderr);
    assertEquals(
      lines("runs/a/samples.jsonl").map(({ epoch }) => epoch),
      [10, 20, 30, 31],
    );
    assertEquals(lines("runs/a/metrics.jsonl").length, 31);
    const again = read("runs/a/report.html");
    assertStringIncludes(again, "after 31 of 31 epochs");
    for (const epoch of [10, 20, 30, 31]) {
      assertStringIncludes(again, `<tr><td>${epoch}</td>`);
    }
    assertStringIncludes(
      again,
      "--device reference\ndeno task train --epochs 31 --run a --resume " +
        "--device reference\n",
    );
    assert(read("runs/a/perplexity.svg") !== svg, "the curve goes on");
  },
});

Deno.test({
  ...needsCommands("runs: the newest first, and what is broken by name"),
  fn: async () => {
    using place = workplace();
    const { folder, run, train } = place;
    const none = await run("runs");
    assertEquals([none.code, none.stdout], [0, ""]);
    assertEquals(
      none.stderr,
      "there are no runs yet: deno task train creates one\n",
    );
    assertEquals((await run("runs", "--json")).stdout, "");
    await train("--epochs=3", "--run=old");
    await train("--epochs=2", "--run=new", "--cell=gru", "--validation=0.1");
    const runs = `${folder.path}/data/runs`;
    const hourAgo = new Date(Date.now() - 3 * 3_600_000 - 1000);
    Deno.utimeSync(`${runs}/old/model.safetensors`, hourAgo, hourAgo);
    Deno.mkdirSync(`${runs}/foreign\x1b[31m`);
    Deno.mkdirSync(`${runs}/starting`);
    Deno.writeTextFileSync(`${runs}/starting/metrics.jsonl`, "");
    Deno.mkdirSync(`${runs}/cut`);
    const model = Deno.readFileSync(`${runs}/old/model.safetensors`);
    Deno.writeFileSync(`${runs}/cut/model.safetensors`, model.slice(0, -1));
    Deno.mkdirSync(`${runs}/text`);
    Deno.writeTextFileSync(`${runs}/text/model.safetensors`, TEXT);
    Deno.writeTextFileSync(`${runs}/a-file`, "");
    await writeModel(folder, TEXT, { hiddenSize: 3 });
    Deno.mkdirSync(`${runs}/imported`);
    Deno.renameSync(
      `${folder.path}/model.safetensors`,
      `${runs}/imported/model.safetensors`,
    );

    const { code, stdout, stderr } = await run("runs");
    assertEquals([code, stderr], [0, ""]);
    const [head, ...rows] = stdout.trimEnd().split("\n");
    assertMatch(head, /^run +model +text +epochs +perplexity +validation +/);
    const starts = rows.map((row) => row.split(/[\s:]/)[0]);
    assertEquals(starts.slice(0, 3), ["imported", "new", "old"]);
    assertMatch(
      rows[1],
      /gru 8 +text.txt +2\/2 +\d+\.\d\d +\d+\.\d\d .*just now/,
    );
    assertMatch(
      rows[2],
      /rnn 8 +text.txt +3\/3 +\d+\.\d\d .* 3 h ago +\S+ kB$/,
    );
    const broken = rows.slice(3).sort();
    assertEquals(broken.length, 4, stdout);
    assertMatch(broken[0], /^cut: damaged: .* is truncated$/);
    assertMatch(
      broken[1],
      /^foreign.*: not a run: it has no model\.safetensors$/,
    );
    assertEquals(broken[2], "starting: no checkpoint yet");
    assertMatch(broken[3], /^text: damaged: /);

    const json = (await run("runs", "--json")).stdout.trimEnd().split("\n")
      .map((line) => JSON.parse(line));
    assertEquals(json.length, 7);
    const old = json.find((one) => one.run === "old");
    assertEquals(
      [old.cell, old.hidden_size, old.corpus, old.epochs, old.planned_epochs],
      ["rnn", 8, "text.txt", 3, 3],
    );
    assert(old.perplexity > 1 && old.tokens_per_second > 0 && old.bytes > 1000);
    assert(json.find((one) => one.run === "cut").broken);
  },
});

Deno.test({
  ...needsCommands("compare: what differs, how good, and the curves"),
  fn: async () => {
    using place = workplace();
    const { folder, run, train, read } = place;
    await train("--epochs=4", "--run=a");
    await train("--epochs=4", "--run=b", "--seed=5", "--optimizer=adam");
    await train("--epochs=6", "--run=c", "--validation=0.1");
    const { code, stdout, stderr } = await run("compare", "a", "b");
    assertEquals([code, stderr], [0, "the curves are in data/compare.svg\n"]);
    assertMatch(stdout, /^ +a +b$/m);
    assertMatch(stdout, /^\* optimizer +sgd +adam$/m);
    assertMatch(stdout, /^\* learning rate +1 +0.002$/m);
    assertMatch(stdout, /^\* seed +0 +5$/m);
    assertMatch(stdout, /^ {2}hidden size +8 +8$/m);
    assertMatch(stdout, /^ {2}perplexity +\d+\.\d\d +\d+\.\d\d$/m);
    assertMatch(stdout, /^ {2}curve +[▁-█]{4} +[▁-█]{4}$/m);
    assert(!/validation|clip norm/.test(stdout), stdout);
    const svg = read("compare.svg");
    assertWellFormed(svg);
    assertEquals(reachesOut(svg), []);
    for (const name of ["a", "b"]) assertStringIncludes(svg, `>${name}</text>`);

    const json = await run(
      ...["compare", "a", "c", "--json", "--log", "--output=x.svg"] as const,
    );
    assertEquals(json.code, 0, json.stderr);
    const objects = json.stdout.trimEnd().split("\n").map((line) =>
      JSON.parse(line)
    );
    assertEquals(objects.map(({ run }) => run), ["a", "c"]);
    assertEquals(objects.map(({ epochs }) => epochs), [4, 6]);
    assert(objects[1].best_validation_perplexity > 1);
    const other = Deno.readTextFileSync(`${folder.path}/x.svg`);
    assertStringIncludes(other, "perplexity (log scale)");
    assertStringIncludes(other, ">c, validation</text>");

    Deno.mkdirSync(`${folder.path}/data/runs/empty`);
    const before = folder.files();
    const bad: [args: string[], code: number, message: string][] = [
      [["a"], 2, "compare needs two runs or more"],
      [["a", "a"], 2, "a was given twice"],
      [["a", "nope"], 7, 'there is no run "nope"'],
      [["a", "../runs/b"], 2, "expected a name"],
      [["a", "empty"], 7, "cannot compare empty: not a run"],
      [["a", "b", "--output=text.txt/x.svg"], 7, ""],
    ];
    for (const [args, code, message] of bad) {
      const finished = await run("compare", ...args);
      assertEquals(finished.code, code, finished.stderr);
      assertEquals(finished.stdout, "");
      assertMatch(finished.stderr, /^error: [^\n]*\n$/);
      assertStringIncludes(finished.stderr, message);
    }
    assertEquals(folder.files(), before);
  },
});

Deno.test({
  ...needsCommands(
    "without the plotting package training goes on and says so once",
  ),
  fn: async () => {
    using place = workplace();
    const { folder } = place;
    // A cache with what every task needs, and a proxy that is not there.
    const info = await finish(folder, ["info", "--json"], {});
    const packages: string = JSON.parse(info.stdout).npmCache;
    const cache = `${folder.path}/cache`;
    for (const { name: registry } of Deno.readDirSync(packages)) {
      const needed = `${registry}/deno-std`;
      if (!canRead(`${packages}/${needed}`)) continue;
      copy(`${packages}/${needed}`, `${cache}/npm/${needed}`);
    }
    const { code, stderr } = await finish(folder, [
      ...denoArguments("train"),
      ...["--corpus=text.txt", "--device=reference", "--hidden-size=8"],
      ...["--batch-size=4", "--num-steps=8", "--epochs=3"],
    ], {
      DENO_DIR: cache,
      HTTPS_PROXY: "http://127.0.0.1:9",
    });
    assertEquals(code, 0, stderr);
    assertEquals(stderr.match(/no plots/g)?.length, 1);
    const page = place.read("runs/text-1/report.html");
    assertStringIncludes(page, "plots are missing");
  },
});
