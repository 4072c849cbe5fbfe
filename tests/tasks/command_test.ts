import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { needsCommands } from "../access.ts";
import {
  type Finished,
  runTask,
  TaskRunner,
  TemporaryFolder,
} from "./command.ts";

const TINY = [
  ...["--corpus=text.txt", "--device=reference", "--hidden-size=4"],
  ...["--batch-size=4", "--num-steps=8", "--epochs=2"],
];

Deno.test({
  ...needsCommands("a task does in a shared process what it does in its own"),
  fn: async () => {
    using shared = new TemporaryFolder();
    using own = new TemporaryFolder();
    for (const { path } of [shared, own]) {
      Deno.writeTextFileSync(`${path}/text.txt`, "to and fro, ".repeat(20));
    }
    await using tasks = new TaskRunner(shared);
    const lines = [
      ["--help"],
      ["--epochs=0"],
      [...TINY, "--run=first"],
      [...TINY, "--json", "--no-report"],
      ["--corpus=nowhere.txt"],
      ["--corpus=/proc/self/environ"], // it may not be read
      ["--resume", "--run=first"],
    ];
    for (const line of lines) {
      const inShared = await tasks.run("train", ...line);
      const inOwn = await runTask(own, "train", ...line);
      assertEquals(withoutTimes(inShared), withoutTimes(inOwn));
      assertEquals(shared.files(), own.files());
    }
    assertStringIncludes((await tasks.run("runs")).stdout, "first");
  },
});

/** What a command left, less what differs from one time to the next. */
function withoutTimes({ code, stdout, stderr }: Finished): Finished {
  const cut = (text: string) =>
    text.replace(/[\d.,]+ (s|ms|tokens\/s)/g, "$1")
      .replace(/("(tokens_per_)?seconds?"):[\d.e-]+/g, "$1");
  return { code, stdout: cut(stdout), stderr: cut(stderr) };
}

Deno.test({
  ...needsCommands("a shared process that ends by itself is an error"),
  fn: async () => {
    using folder = new TemporaryFolder();
    await using tasks = new TaskRunner(folder);
    const run = () => tasks.run("bundle"); // it is none of the driver's
    await assertRejects(
      run,
      Error,
      "bundle ended its process: error: Uncaught",
    );
  },
});
