import "./quiet.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { tokenize } from "../../lib/tokenize.ts";
import { train } from "../../lib/train.ts";
import type { Checkpoint } from "../../lib/training/checkpoint.ts";
import { TaskError } from "../../tasks/cli/exit.ts";
import { HeldRun } from "../../tasks/cli/held_run.ts";
import { runPaths } from "../../tasks/cli/run_paths.ts";
import { canRunCommands, needs } from "../access.ts";
import { TemporaryFolder } from "./command.ts";

const needsFiles = needs(
  "permission to write files: deno task test",
  canRunCommands(),
);

/** A model after so many epochs, each with a checkpoint of its own. */
async function checkpoints(epochs: number): Promise<Checkpoint[]> {
  using backend = openReference();
  const found: Checkpoint[] = [];
  const options = {
    hiddenSize: 2,
    batchSize: 1,
    numSteps: 2,
    epochs,
    checkpointEvery: 1,
  };
  const corpus = tokenize("to and fro and to");
  for await (const event of train(corpus, backend, options)) {
    if (event.type === "checkpoint" && event.reason !== "best") {
      found.push(event.checkpoint);
    }
  }
  return found;
}

const [FIRST, SECOND, THIRD] = await checkpoints(3);

/** Runs a function with some of Deno's replaced. */
async function withDeno<T>(
  replaced: Partial<typeof Deno>,
  run: () => Promise<T>,
): Promise<T> {
  const before = Object.fromEntries(
    Object.keys(replaced).map((key) => [key, Deno[key as keyof typeof Deno]]),
  );
  try {
    Object.assign(Deno, replaced);
    return await run();
  } finally {
    Object.assign(Deno, before);
  }
}

/** How many epochs the models of a run's files have behind them. */
async function epochsIn(run: HeldRun): Promise<(number | undefined)[]> {
  const { checkpoint, previous, best } = run.paths;
  const decode = (await import("../../lib/training/checkpoint.ts"))
    .decodeCheckpoint;
  return await Promise.all([checkpoint, previous, best].map(async (path) => {
    try {
      return (await decode(await Deno.readFile(path))).progress.epochs;
    } catch {
      return undefined;
    }
  }));
}

function spoil(path: string): void {
  const bytes = Deno.readFileSync(path);
  bytes[bytes.length - 3] ^= 1;
  Deno.writeFileSync(path, bytes);
}

Deno.test({
  ...needsFiles("a save keeps the model before it, with and without links"),
  fn: async () => {
    const unknown = Object.assign(new Error("no links"), { code: "EPERM" });
    for (const replaced of [{}, { link: () => Promise.reject(unknown) }]) {
      using folder = new TemporaryFolder();
      using run = await HeldRun.create("a", "text", folder.path);
      await withDeno(replaced, async () => {
        for (const model of [FIRST, SECOND, THIRD]) await run.save(model);
      });
      assertEquals(await epochsIn(run), [3, 2, undefined]);
      assertEquals(folder.files(), [
        ...["a/.lock", "a/model.safetensors", "a/previous.safetensors"],
      ]);
    }
  },
});

Deno.test({
  ...needsFiles(
    "a save behind one that was killed between its renames leaves nothing behind",
  ),
  fn: async () => {
    using folder = new TemporaryFolder();
    {
      using run = await HeldRun.create("a", "text", folder.path);
      await run.save(FIRST);
      // The previous model has its name, the new one has not.
      Deno.linkSync(run.paths.checkpoint, run.paths.previous);
    }
    using run = await HeldRun.open(runPaths("a", folder.path));
    await run.loadLast();
    await run.save(SECOND);
    assertEquals(await epochsIn(run), [2, 1, undefined]);
    assertEquals(folder.files(), [
      ...["a/.lock", "a/model.safetensors", "a/previous.safetensors"],
    ]);
  },
});

Deno.test({
  ...needsFiles("a reader finds a model at every moment of a save"),
  fn: async () => {
    using folder = new TemporaryFolder();
    using run = await HeldRun.create("a", "text", folder.path);
    await run.save(FIRST);
    const { rename, link } = Deno;
    let looks = 0;
    const look = () => {
      looks++;
      Deno.statSync(run.paths.checkpoint);
    };
    await withDeno({
      rename: async (from, to) => {
        look();
        await rename(from, to);
        look();
      },
      link: async (from, to) => {
        await link(from, to);
        look();
      },
    }, async () => {
      await run.save(SECOND);
      await run.save(THIRD);
    });
    assertEquals(looks, 10);
  },
});

Deno.test({
  ...needsFiles(
    "a save that fails at any operation leaves the model that was there",
  ),
  fn: async () => {
    const noSpace = Object.assign(new Error("full"), { code: "ENOSPC" });
    const fails = () => Promise.reject(noSpace);
    const unknown = Object.assign(new Error("no links"), { code: "EPERM" });
    const { rename, open } = Deno;
    let renames = 0;
    const failing: Record<string, Partial<typeof Deno>> = {
      open: { open: (path, options) => options ? fails() : open(path) },
      rename: { rename: fails },
      "the last rename": {
        rename: (from, to) => ++renames < 2 ? rename(from, to) : fails(),
      },
      "the last rename, without links": {
        link: () => Promise.reject(unknown),
        rename: (from, to) =>
          String(to).endsWith("model.safetensors") &&
            String(from).endsWith(".tmp")
            ? fails()
            : rename(from, to),
      },
      "the rename of a link": {
        rename: (from, to) =>
          String(to).endsWith("previous.safetensors")
            ? fails()
            : rename(from, to),
      },
    };
    for (const [name, replaced] of Object.entries(failing)) {
      using folder = new TemporaryFolder();
      using run = await HeldRun.create("a", "text", folder.path);
      await run.save(FIRST);
      await run.saveBest(FIRST);
      await withDeno(replaced, async () => {
        const error = await assertRejects(() => run.save(SECOND), TaskError);
        assertStringIncludes(error.message, "the disk is full", name);
        assertEquals(error.exitCode, 7);
      });
      const [last, , best] = await epochsIn(run);
      assertEquals([last, best], [1, 1], name);
      assert(!await run.discard(), "a run with models is never removed");
      assertEquals(folder.files().filter((file) => file.endsWith("tmp")), []);
      await run.save(THIRD);
      assertEquals((await epochsIn(run)).slice(0, 2), [3, 1], name);
    }
  },
});

Deno.test({
  ...needsFiles(
    "what is damaged is passed over, and never replaces what is sound",
  ),
  fn: async () => {
    const files = ["checkpoint", "previous", "best"] as const;
    for (let damaged = 0; damaged < 8; damaged++) {
      using folder = new TemporaryFolder();
      {
        using run = await HeldRun.create("a", "text", folder.path);
        for (const model of [FIRST, SECOND, THIRD]) await run.save(model);
        await run.saveBest(FIRST);
        files.forEach((file, i) => damaged & 1 << i && spoil(run.paths[file]));
      }
      using run = await HeldRun.open(runPaths("a", folder.path));
      if (damaged === 7) {
        await assertRejects(() => run.loadLast(), TaskError, "it is damaged");
        continue;
      }
      const { model } = await run.loadLast();
      const expected = damaged & 1 ? damaged & 2 ? 1 : 2 : 3;
      assertEquals(model.progress.epochs, expected, `damaged ${damaged}`);
      const before = await epochsIn(run);
      await run.save(SECOND);
      const [last, previous, best] = await epochsIn(run);
      assertEquals(last, 2);
      assertEquals(previous, damaged & 1 ? before[1] : 3, `damaged ${damaged}`);
      assertEquals(best, before[2]);
    }
  },
});

Deno.test({
  ...needsFiles("a run is held by one at a time, and made by one alone"),
  fn: async () => {
    using folder = new TemporaryFolder();
    {
      using run = await HeldRun.create("a", "text", folder.path);
      const busy = await assertRejects(
        () => HeldRun.open(run.paths),
        TaskError,
        `the run "a" is in use by process ${Deno.pid}`,
      );
      assertEquals(busy.exitCode, 8);
      await assertRejects(
        () => HeldRun.create("a", "text", folder.path),
        TaskError,
        "in use",
      );
      await run.save(FIRST);
    }
    using _ = await HeldRun.open(runPaths("a", folder.path));
    await assertRejects(
      () => HeldRun.create("a", "text", folder.path),
      TaskError,
      "already exists",
    );
    // Numbers: one that is held, one that has a model, one that a task has left.
    using one = await HeldRun.create(undefined, "b.txt", folder.path);
    using two = await HeldRun.create(undefined, "b.txt", folder.path);
    await two.save(FIRST);
    using three = await HeldRun.create(undefined, "b.txt", folder.path);
    const names = [one, two, three].map(({ paths }) => paths.name);
    assertEquals(names, ["b-1", "b-2", "b-3"]);
  },
});

Deno.test({
  ...needsFiles(
    "a folder that a task has left without a model is taken over, clean",
  ),
  fn: async () => {
    using folder = new TemporaryFolder();
    const at = (name: string) => `${folder.path}/a/${name}`;
    Deno.mkdirSync(`${folder.path}/a`);
    Deno.writeTextFileSync(at("metrics.jsonl"), '{"epoch":1}\n');
    Deno.writeTextFileSync(at("notes.txt"), "of somebody's own");
    const left = `.model.safetensors.${crypto.randomUUID()}.tmp`;
    Deno.writeTextFileSync(at(left), "half");
    {
      using run = await HeldRun.create("a", "text", folder.path);
      assertEquals(folder.files(), ["a/.lock", "a/notes.txt"]);
      await assertRejects(() => run.loadLast(), TaskError, "has no checkpoint");
      assert(await run.discard());
    }
    // What is not weena's stays.
    assertEquals(folder.files(), ["a/notes.txt"]);
    Deno.removeSync(at("notes.txt"));
    {
      using run = await HeldRun.create("a", "text", folder.path);
      assert(await run.discard());
    }
    assertEquals([...Deno.readDirSync(folder.path)], []);
  },
});

Deno.test({
  ...needsFiles("a run that holds its best model alone is no empty one"),
  fn: async () => {
    using folder = new TemporaryFolder();
    using run = await HeldRun.create("a", "text", folder.path);
    await run.saveBest(SECOND);
    assert(!await run.discard());
    const { model } = await run.loadLast();
    assertEquals(model.progress.epochs, 2);
    assertEquals((await run.loadBest())?.progress.epochs, 2);
    spoil(run.paths.best);
    assertEquals(await run.loadBest(), undefined);
  },
});

Deno.test({
  ...needsFiles("what a killed save has left goes when the run is held again"),
  fn: async () => {
    using folder = new TemporaryFolder();
    {
      using run = await HeldRun.create("a", "text", folder.path);
      await run.save(FIRST);
    }
    for (const name of ["model.safetensors", "report.html"]) {
      const left = `.${name}.${crypto.randomUUID()}.tmp`;
      Deno.writeTextFileSync(`${folder.path}/a/${left}`, "half");
    }
    using _ = await HeldRun.open(runPaths("a", folder.path));
    assertEquals(folder.files(), ["a/.lock", "a/model.safetensors"]);
  },
});

Deno.test({
  ...needsFiles(
    "a folder that was removed or renamed is made anew, another's is not touched",
  ),
  ignore: needsFiles("").ignore || Deno.build.os === "windows",
  fn: async () => {
    using folder = new TemporaryFolder();
    using run = await HeldRun.create("a", "text", folder.path);
    await run.save(FIRST);
    assert(!await run.restore());
    Deno.renameSync(run.paths.folder, `${folder.path}/moved`);
    assert(await run.restore());
    await run.save(SECOND);
    assertEquals(await epochsIn(run), [2, undefined, undefined]);
    await assertRejects(
      () => HeldRun.open(run.paths),
      TaskError,
      "in use",
    );
    Deno.removeSync(run.paths.folder, { recursive: true });
    {
      using other = await HeldRun.create("a", "text", folder.path);
      await other.save(THIRD);
    }
    assert(await run.restore());
    assertEquals(run.paths.name, "a-1");
    await run.save(SECOND);
    using other = await HeldRun.open(runPaths("a", folder.path));
    assertEquals((await epochsIn(other))[0], 3);
  },
});

Deno.test({
  ...needsFiles(
    "a file system without locks is told of, and one that fails is an error",
  ),
  fn: async () => {
    using folder = new TemporaryFolder();
    const { tryLockSync } = Deno.FsFile.prototype;
    const locking = async (code: string) => {
      Deno.FsFile.prototype.tryLockSync = () => {
        throw Object.assign(new Error("lock"), { code });
      };
      try {
        return await HeldRun.create(undefined, "text", folder.path);
      } finally {
        Deno.FsFile.prototype.tryLockSync = tryLockSync;
      }
    };
    using _ = await locking("ENOLCK");
    const error = await assertRejects(() => locking("EIO"), TaskError, "lock");
    assertEquals(error.exitCode, 7);
    const names = [...Deno.readDirSync(folder.path)].map(({ name }) => name);
    assertEquals(names, ["text-1"], "nothing half-made stays");
  },
});

Deno.test({
  ...needsFiles(
    "a lock that is another file at every look is an error, not a wait",
  ),
  ignore: needsFiles("").ignore || Deno.build.os === "windows",
  fn: async () => {
    using folder = new TemporaryFolder();
    const { statSync } = Deno;
    let number = 0;
    await withDeno({
      statSync: (path) => ({ ...statSync(path), ino: --number }),
    }, async () => {
      const error = await assertRejects(
        () => HeldRun.create("a", "text", folder.path),
        TaskError,
        "keeps being replaced",
      );
      assertEquals(error.exitCode, 7);
    });
    assertEquals([...Deno.readDirSync(folder.path)], [], "nothing stays");
  },
});
