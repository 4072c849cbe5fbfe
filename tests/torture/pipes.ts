import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import type { TaskName } from "../tasks/command.ts";
import { Chance } from "./tools/chance.ts";
import { faultVariables } from "./tools/faults.ts";
import { assertNoTrace, assertOneError } from "./tools/messages.ts";
import {
  assertSameFile,
  assertSameRun,
  hasCheckpoint,
  metricsOf,
  savedEpochs,
} from "./tools/run_state.ts";
import type { Torture, TortureOptions } from "./tools/torture.ts";
import { namedTrials } from "./tools/torture.ts";
import {
  copyFolder,
  DEVICE,
  type Ended,
  OFTEN,
  pause,
  RESUME,
  SMALL,
  type StartOptions,
  Workplace,
} from "./tools/workplace.ts";

const EPOCHS = 100;

const TRAIN = [...SMALL, `--epochs=${EPOCHS}`, "--run=run"];

/** Of a training that saves seldom: what is saved was saved when it ended. */
const SELDOM = [...TRAIN, "--checkpoint-every=1000 epochs", "--json"];

/** A place with a run that is whole, and what it looks like. */
interface Whole {
  readonly place: Workplace;
  readonly folder: string;
}

type Trial = readonly [
  name: string,
  run: (whole: Whole, seed: number) => Promise<void>,
];

const TRIALS: readonly Trial[] = [
  ...[1, 2, 2, 5, 30].map((lines): Trial => [
    `train --json | head -${lines}`,
    (whole) => headEndsTraining(lines, whole),
  ]),
  ["train --json > /dev/full", trainIntoFull],
  ["train > /dev/full", trainAtItsEndIntoFull],
  ["train 2> /dev/full", trainWithFullStderr],
  ["train 2> >(true)", trainWithClosedStderr],
  ...["generate", "evaluate", "runs", "compare", "inspect"].map((
    task,
  ): Trial => [
    `${task} > /dev/full`,
    (whole) => readerIntoFull(task as TaskName, whole),
  ]),
  ["SIGTERM where nobody reads", (whole) => nobodyReads(["SIGTERM"], whole)],
  ["SIGINT where nobody reads", (whole) => nobodyReads(["SIGINT"], whole)],
  [
    "two SIGINT where nobody reads",
    (whole) => nobodyReads(["SIGINT", "SIGINT"], whole),
  ],
  ["generate into a pipe that does not block", generateNonBlocking],
  ["train --json into a pipe that does not block", trainNonBlocking],
];

/** The case. */
export const torture: Torture = {
  name: "pipes",
  summary: "outputs that end early, are full, are not read, or do not block",
  count: TRIALS.length,
  run,
};

async function run(options: TortureOptions): Promise<void> {
  using place = new Workplace();
  await place.succeed("train", [...SMALL, "--epochs=2", "--run=other"]);
  await place.succeed("train", [...TRAIN, OFTEN]);
  const whole = { place, folder: place.run("run") };
  await namedTrials(options, TRIALS, whole);
}

/** Starts a command with its outputs led elsewhere, as a shell writes it. */
function redirected(redirection: string): StartOptions {
  return { prefix: ["bash", "-c", `exec "$@" ${redirection}`, "bash"] };
}

/** Throws an AssertionError unless a training was saved, and goes on to its end. */
async function assertGoesOn(
  place: Workplace,
  whole: Whole,
  ended: Ended,
): Promise<void> {
  const folder = place.run("run");
  assert(hasCheckpoint(folder), `nothing was saved: ${ended.stderr}`);
  await place.succeed("train", [...RESUME, "--run=run"]);
  assertSameRun(folder, whole.folder, "resumed after that");
}

async function headEndsTraining(lines: number, whole: Whole): Promise<void> {
  using place = new Workplace();
  const pipe = `"$@" | head -${lines}; exit \${PIPESTATUS[0]}`;
  const prefix = ["bash", "-c", pipe, "bash"];
  const ended = await place.finish("train", SELDOM, { prefix });
  assertNoTrace(ended, "it");
  assertEquals(ended.code, 141, `exit: ${ended.stderr}`);
  assertEquals(ended.stdout.trimEnd().split("\n").length, lines);
  assertStringIncludes(ended.stderr, "--resume --run run");
  await assertGoesOn(place, whole, ended);
}

async function trainIntoFull(whole: Whole): Promise<void> {
  using place = new Workplace();
  const ended = await place.finish("train", SELDOM, redirected("> /dev/full"));
  assertOneError(ended, [7], "it");
  await assertGoesOn(place, whole, ended);
}

/** Its only output comes when all is saved. */
async function trainAtItsEndIntoFull(whole: Whole): Promise<void> {
  using place = new Workplace();
  const ended = await place.finish("train", TRAIN, redirected("> /dev/full"));
  assertOneError(ended, [7], "it");
  assertEquals(await savedEpochs(place.run("run")), EPOCHS);
  assertSameRun(place.run("run"), whole.folder, "the run");
}

/** What is said of a training is no part of it. */
async function trainWithFullStderr(whole: Whole): Promise<void> {
  await trainWithoutStderr("2> /dev/full", whole);
}

async function trainWithClosedStderr(whole: Whole): Promise<void> {
  await trainWithoutStderr("2> >(true)", whole);
}

async function trainWithoutStderr(redirection: string, whole: Whole) {
  using place = new Workplace();
  const ended = await place.finish("train", SELDOM, redirected(redirection));
  if (ended.code !== 0) {
    assert([7, 141].includes(ended.code), `it ended with ${ended.code}`);
  }
  if (ended.code === 0 || hasCheckpoint(place.run("run"))) {
    await assertGoesOn(place, whole, ended);
  } else {
    await place.succeed("train", SELDOM);
    assertSameRun(place.run("run"), whole.folder, "trained after that");
  }
}

async function readerIntoFull(
  task: TaskName,
  { place }: Whole,
): Promise<void> {
  const args: Partial<Record<TaskName, string[]>> = {
    generate: ["--run=run", "--prefix=Time", ...DEVICE],
    evaluate: ["--run=run", ...DEVICE],
    compare: ["run", "other"],
    inspect: ["--run=run"],
  };
  const full = redirected("> /dev/full");
  const ended = await place.finish(task, args[task] ?? [], full);
  assertOneError(ended, [7], "it");
}

/** A reader that stands still: signals are heard all the same. */
async function nobodyReads(
  signals: readonly Deno.Signal[],
  whole: Whole,
): Promise<void> {
  using place = new Workplace();
  const folder = place.run("run");
  await copyFolder(whole.place.file("data"), place.file("data"));
  // More than fits into a pipe.
  const args = [...RESUME, "--epochs=100000", "--run=run", "--json"];
  const training = place.start("train", args, { reading: "none" });
  await pause(3000);
  for (const signal of signals) {
    training.kill(signal);
    await pause(500);
  }
  const timer = setTimeout(() => training.kill("SIGKILL"), 20_000);
  const { code, signal, stderr } = await training.ended;
  clearTimeout(timer);
  const expected = signals[0] === "SIGINT" ? 130 : 143;
  assertEquals([code, signal], [expected, null], stderr);
  const epochs = await savedEpochs(folder);
  assert(epochs > EPOCHS, `nothing was saved: ${stderr}`);
  // It is what an undisturbed training of as many epochs is.
  const more = [...RESUME, "--run=run", `--epochs=${epochs + 1}`];
  await place.succeed("train", more);
  using undisturbed = new Workplace();
  await copyFolder(whole.place.file("data"), undisturbed.file("data"));
  await undisturbed.succeed("train", more);
  const name = "model.safetensors";
  assertSameFile(join(folder, name), join(undisturbed.run("run"), name), "it");
  assertEquals(metricsOf(folder), metricsOf(undisturbed.run("run")));
}

async function nonBlocking(place: Workplace): Promise<StartOptions> {
  const env = await faultVariables(place.path, { isNonBlocking: true });
  return { env, reading: "late" };
}

async function generateNonBlocking(
  { place }: Whole,
  seed: number,
): Promise<void> {
  const prefix = "--prefix=Time";
  const draw = new Chance(seed).integer(1, 1000);
  const args = ["--run=run", prefix, "--length=200000", `--seed=${draw}`];
  const line = [...args, "--temperature=1", ...DEVICE];
  const usual = await place.succeed("generate", line);
  assert(usual.stdout.length >= 200_000);
  const late = await place.succeed("generate", line, await nonBlocking(place));
  assertNoTrace(late, "it");
  assert(
    late.stdout === usual.stdout,
    `${late.stdout.length} of ${usual.stdout.length} characters came`,
  );
}

async function trainNonBlocking(): Promise<void> {
  using place = new Workplace();
  const args = [...SMALL, "--epochs=1500", "--run=run", "--json"];
  const ended = await place.succeed("train", args, await nonBlocking(place));
  const lines = ended.stdout.trimEnd().split("\n").map((line) =>
    JSON.parse(line)
  );
  assertEquals(lines.length, 1501);
  assert(lines.slice(0, -1).every(({ epoch }, i) => epoch === i + 1));
}
