import { assertEquals, assertStringIncludes } from "@std/assert";
import { needsCommands } from "../access.ts";
import { TaskRunner, TemporaryFolder } from "./command.ts";

const TEXT = "Time flies like an arrow; fruit flies like a banana. ".repeat(20);

const TINY = [
  ...["--device=reference", "--hidden-size=4", "--batch-size=4"],
  ...["--num-steps=8", "--epochs=1"],
];

/** A folder with a text, and how it is trained and evaluated on there. */
function workplace() {
  const folder = new TemporaryFolder();
  const tasks = new TaskRunner(folder);
  Deno.writeTextFileSync(`${folder.path}/text.txt`, TEXT);
  const run = async (task: "train" | "evaluate", ...args: string[]) => {
    const finished = await tasks.run(task, ...args);
    assertEquals(finished.code, 0, finished.stderr);
    return finished;
  };
  return {
    folder,
    tasks,
    train: (...args: string[]) => run("train", ...TINY, ...args),
    evaluate: (...args: string[]) =>
      run("evaluate", "--device=reference", ...args),
    json: async (...args: string[]) => {
      const { stdout } = await run(
        ...["evaluate", "--device=reference", "--json"] as const,
        ...args,
      );
      return JSON.parse(stdout);
    },
    async [Symbol.asyncDispose]() {
      await tasks[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

Deno.test({
  ...needsCommands(
    "evaluate measures the part held out, wherever there is one",
  ),
  fn: async () => {
    await using place = workplace();
    const { folder, train, evaluate, json } = place;
    await train("--corpus=text.txt", "--validation=0.1");
    const held = Math.round(TEXT.length * 0.1);
    const { stdout, stderr } = await evaluate();
    assertStringIncludes(stdout, "on text.txt, ");
    assertStringIncludes(
      stdout,
      `${held - 1} tokens (char) held out from training\n`,
    );
    assertEquals(stderr.includes("note:"), false, stderr);
    const own = await json();
    assertEquals([own.tokens, own.part], [held - 1, "held out"]);
    assertEquals(await json("--corpus=text.txt"), own);
    const all = await json("--max-tokens=0");
    assertEquals([all.tokens, all.part], [TEXT.length - 1, "all"]);
    // What was held out is held out wherever the text has gone.
    Deno.renameSync(`${folder.path}/text.txt`, `${folder.path}/moved.txt`);
    const moved = await json("--corpus=moved.txt");
    assertEquals(moved, { ...own, corpus: "moved.txt" });
    const gone = await place.tasks.run("evaluate", "--device=reference");
    assertEquals([gone.code, gone.stdout], [7, ""]);
    assertStringIncludes(
      gone.stderr,
      "the text that the model was trained on is no longer at text.txt: " +
        "use --corpus PATH to say where it is now, or to choose another text",
    );
  },
});

Deno.test({
  ...needsCommands(
    "evaluate says where it measures what the model was trained on",
  ),
  fn: async () => {
    await using place = workplace();
    const { folder, train, evaluate, json } = place;
    await train("--corpus=text.txt", "--max-tokens=600");
    const { stdout, stderr } = await evaluate();
    assertStringIncludes(
      stdout,
      "599 tokens (char), which the model was trained on\n",
    );
    assertStringIncludes(
      stderr,
      "note: to see how well it predicts a text that it has not",
    );
    assertEquals((await json()).part, "trained on");
    Deno.writeTextFileSync(`${folder.path}/longer.txt`, TEXT);
    const longer = await evaluate("--corpus=longer.txt");
    assertStringIncludes(
      longer.stderr,
      "note: the model was trained on the first 600 tokens of longer.txt",
    );
    assertStringIncludes(longer.stdout, "1,059 tokens (char)\n");
    // Another text at the same place is all of it measured, and said.
    Deno.writeTextFileSync(`${folder.path}/text.txt`, TEXT.toUpperCase());
    const changed = await evaluate();
    assertStringIncludes(
      changed.stderr,
      "note: text.txt has changed since the model was trained",
    );
    assertStringIncludes(changed.stdout, "599 tokens (char)\n");
    assertStringIncludes(changed.stdout, " not in the vocabulary (");
    assertStringIncludes(changed.stdout, "% <unk>)");
  },
});

Deno.test({
  ...needsCommands("evaluate measures a token file's own part held out"),
  fn: async () => {
    await using place = workplace();
    const { tasks, train, json } = place;
    const made = await tasks.run(
      ...["tokenize", "--corpus=text.txt", "--validation=0.2"] as const,
      "--output=text.tokens.safetensors",
    );
    assertEquals(made.code, 0, made.stderr);
    await train("--corpus=text.tokens.safetensors");
    const { tokens, part } = await json();
    assertEquals([tokens, part], [TEXT.length / 5 - 1, "held out"]);
  },
});
