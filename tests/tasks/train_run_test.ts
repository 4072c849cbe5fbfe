import "./quiet.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import type { Backend } from "../../lib/backend/backend.ts";
import { DeviceError } from "../../lib/backend/device_error.ts";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { tokenize } from "../../lib/tokenize.ts";
import { resume, train, type TrainOptions } from "../../lib/train.ts";
import { decodeCheckpoint } from "../../lib/training/checkpoint.ts";
import { TaskError } from "../../tasks/cli/exit.ts";
import { HeldRun } from "../../tasks/cli/held_run.ts";
import { runPaths } from "../../tasks/cli/run_paths.ts";
import { TrainingDevice } from "../../tasks/cli/training_device.ts";
import { trainRun } from "../../tasks/cli/train_run.ts";
import { savedOf } from "../../tasks/cli/training_outcome.ts";
import { canRunCommands, needs } from "../access.ts";
import { withOps } from "../backend/wrap.ts";
import { TemporaryFolder } from "./command.ts";

const needsFiles = needs(
  "permission to write files: deno task test",
  canRunCommands(),
);

const CORPUS = tokenize("to and fro and to the old mill by the stream again ");

const OPTIONS: TrainOptions = {
  hiddenSize: 4,
  batchSize: 1,
  numSteps: 8,
  epochs: 8,
  checkpointEvery: 2,
  sampleEvery: 4,
};

/** Trains a run `a`, new or resumed, in a folder. */
async function trainIn(
  folder: TemporaryFolder,
  backend: Backend,
  options: TrainOptions = OPTIONS,
  device = new TrainingDevice(backend),
): Promise<number> {
  const paths = runPaths("a", folder.path);
  const isNew = !folder.files().includes("a/model.safetensors");
  using run = isNew
    ? await HeldRun.create("a", "text", folder.path)
    : await HeldRun.open(paths);
  const saved = isNew ? undefined : (await run.loadLast()).model;
  return await trainRun(
    run,
    (signal) =>
      saved
        ? resume(saved, CORPUS, backend, { ...options, signal })
        : train(CORPUS, backend, { ...options, signal }),
    {
      corpus: CORPUS,
      device,
      epochs: options.epochs!,
      done: saved?.progress.epochs ?? 0,
      learningRate: 1,
      json: false,
      command: "deno task train",
      saved: saved && savedOf(saved),
    },
  );
}

/** What a training leaves: the files of the model, and the epochs of the metrics. */
async function left(folder: TemporaryFolder) {
  const { checkpoint, best, metrics, samples } = runPaths("a", folder.path);
  const epochs = (path: string) =>
    Deno.readTextFileSync(path).trimEnd().split("\n")
      .map((line) => JSON.parse(line).epoch);
  const { progress } = await decodeCheckpoint(Deno.readFileSync(checkpoint));
  return {
    bytes: Deno.readFileSync(checkpoint),
    best: Deno.readFileSync(best),
    done: progress.epochs,
    epochs: epochs(metrics),
    samples: Deno.readTextFileSync(samples),
  };
}

/** What an undisturbed training leaves. */
async function undisturbed() {
  using folder = new TemporaryFolder();
  using backend = openReference();
  assertEquals(await trainIn(folder, backend), 0);
  return await left(folder);
}

/** The backend, which fails at the update of this number. */
function failing(update: number, error: Error): Backend {
  let updates = 0;
  return withOps(openReference(), (ops) => ({
    finish: (x) => {
      if (++updates === update) throw error;
      ops.finish(x);
    },
  }));
}

Deno.test({
  ...needsFiles(
    "an error keeps what is saved, says so, and resuming ends as if it had not been",
  ),
  fn: async () => {
    const whole = await undisturbed();
    const each = Math.floor(CORPUS.ids.length / 8) - 1;
    for (
      const [error, code, ...said] of [
        [new Error("something unforeseen"), 1, "something unforeseen"],
        [
          new DeviceError("lost", "The GPU is lost"),
          5,
          "--resume --run a --device cpu",
        ],
        [
          Object.assign(new Error("Input/output error"), { code: "EIO" }),
          7,
          "Input/output error",
        ],
      ] as const
    ) {
      using folder = new TemporaryFolder();
      using backend = failing(5 * each, error);
      const thrown = await assertRejects(
        () => trainIn(folder, backend),
        TaskError,
      );
      assertEquals(thrown.exitCode, code);
      assertStringIncludes(thrown.message, "What is saved: ");
      assertStringIncludes(thrown.message, "deno task train --resume --run a");
      for (const text of said) assertStringIncludes(thrown.message, text);
      using sound = openReference();
      assertEquals(await trainIn(folder, sound), 0);
      const { bytes, best, epochs, samples } = await left(folder);
      assertEquals(epochs, whole.epochs);
      assertEquals(bytes, whole.bytes);
      assertEquals(best, whole.best);
      assertEquals(samples, whole.samples);
    }
  },
});

Deno.test({
  ...needsFiles("a device that is lost leaves no trace in a run's files"),
  fn: async () => {
    const whole = await undisturbed();
    const each = Math.floor(CORPUS.ids.length / 8) - 1;
    using folder = new TemporaryFolder();
    const lost = failing(3 * each, new DeviceError("lost", "The GPU is lost"));
    using device = new TrainingDevice(
      lost,
      () => Promise.resolve(openReference()),
    );
    const { reopen } = device;
    const options = { ...OPTIONS, reopen };
    assertEquals(await trainIn(folder, lost, options, device), 0);
    assert(device.backend !== lost);
    assertEquals(await left(folder), whole);
  },
});

Deno.test({
  ...needsFiles(
    "a run that fails before its first save is removed, and one that fails on its way is saved",
  ),
  fn: async () => {
    using folder = new TemporaryFolder();
    using backend = failing(3, new Error("something unforeseen"));
    await assertRejects(
      () => trainIn(folder, backend),
      TaskError,
      "something unforeseen. Nothing had been saved, so the run a is removed",
    );
    assertEquals([...Deno.readDirSync(folder.path)], []);
  },
});

Deno.test({
  ...needsFiles(
    "a line that cannot be written ends training with all its epochs saved, or none of them",
  ),
  fn: async () => {
    const whole = await undisturbed();
    const { writeSync } = Deno.FsFile.prototype;
    // Full for a moment: the save that follows finds room again. Or for good.
    for (const times of [1, Infinity]) {
      using folder = new TemporaryFolder();
      using backend = openReference();
      let lines = 0, failed = 0;
      Deno.FsFile.prototype.writeSync = function (bytes) {
        const isLine = new TextDecoder().decode(bytes).startsWith('{"epoch":');
        if (isLine && ++lines > 5 && failed < times) {
          failed++;
          throw Object.assign(new Error("full"), { code: "ENOSPC" });
        }
        return writeSync.call(this, bytes);
      };
      let thrown: TaskError;
      try {
        thrown = await assertRejects(
          () => trainIn(folder, backend),
          TaskError,
          "metrics.jsonl: the disk is full",
        );
      } finally {
        Deno.FsFile.prototype.writeSync = writeSync;
      }
      assertEquals(thrown.exitCode, 7);
      const { done, epochs } = await left(folder);
      assert(times === 1 ? done >= 5 : done === 4, `${done}`);
      assertEquals(epochs.slice(0, done), whole.epochs.slice(0, done));
      assertEquals(await trainIn(folder, backend), 0);
      assertEquals(await left(folder), whole);
    }
  },
});

Deno.test({
  ...needsFiles(
    "a best model that cannot be written is written with the next checkpoint",
  ),
  fn: async () => {
    const whole = await undisturbed();
    using folder = new TemporaryFolder();
    using backend = openReference();
    const { rename } = Deno;
    let bests = 0;
    Deno.rename = (from, to) =>
      String(to).endsWith("best.safetensors") && ++bests === 2
        ? Promise.reject(Object.assign(new Error("full"), { code: "ENOSPC" }))
        : rename(from, to);
    try {
      await assertRejects(
        () => trainIn(folder, backend),
        TaskError,
        "best.safetensors: the disk is full",
      );
    } finally {
      Deno.rename = rename;
    }
    assertEquals(bests, 3, "it was tried again");
    assertEquals(await trainIn(folder, backend), 0);
    assertEquals(await left(folder), whole);
  },
});

Deno.test({
  ...needsFiles("a sample that cannot be made does not end a training"),
  fn: async () => {
    using folder = new TemporaryFolder();
    let samples = 0;
    using backend = withOps(openReference(), () => ({
      sample: () => {
        samples++;
        throw new RangeError("no such token");
      },
    }));
    assertEquals(await trainIn(folder, backend), 0);
    assert(samples > 1);
    const { checkpoint } = runPaths("a", folder.path);
    const { progress } = await decodeCheckpoint(Deno.readFileSync(checkpoint));
    assertEquals(progress.epochs, 8);
  },
});

Deno.test({
  ...needsFiles(
    "a folder that is renamed and a file that is replaced are written anew",
  ),
  ignore: needsFiles("").ignore || Deno.build.os === "windows",
  fn: async () => {
    const whole = await undisturbed();
    for (const what of ["folder", "metrics"]) {
      using folder = new TemporaryFolder();
      const { folder: path, metrics } = runPaths("a", folder.path);
      let updates = 0;
      using backend = withOps(openReference(), (ops) => ({
        finish: (x) => {
          ops.finish(x);
          if (++updates !== 20) return;
          if (what === "folder") Deno.renameSync(path, `${folder.path}/moved`);
          else Deno.removeSync(metrics);
        },
      }));
      assertEquals(await trainIn(folder, backend), 0);
      const { bytes, epochs, samples } = await left(folder);
      assertEquals(bytes, whole.bytes);
      assertEquals(epochs, whole.epochs);
      assertEquals(samples, whole.samples);
    }
  },
});
