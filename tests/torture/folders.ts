import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { Chance } from "./tools/chance.ts";
import { assertNoTrace, assertOneError } from "./tools/messages.ts";
import {
  assertSameFile,
  assertSameRun,
  checkpointOf,
  metricsOf,
  namesIn,
  savedEpochs,
} from "./tools/run_state.ts";
import type { Torture, TortureOptions } from "./tools/torture.ts";
import { namedTrials } from "./tools/torture.ts";
import {
  type Ended,
  OFTEN,
  RESUME,
  SMALL,
  UNLIKE,
  Workplace,
} from "./tools/workplace.ts";

const EPOCHS = 100;

const TRAIN = [...SMALL, OFTEN, `--epochs=${EPOCHS}`, "--run=run", "--json"];

type Trial = readonly [
  name: string,
  run: (whole: string, seed: number) => Promise<void>,
];

const TRIALS: readonly Trial[] = [
  [
    "its folder is removed",
    (whole, seed) => folderGoes("remove", whole, seed),
  ],
  [
    "its folder is renamed",
    (whole, seed) => folderGoes("rename", whole, seed),
  ],
  ["its folder is removed, and the best model with it", bestGoes],
  ...["metrics.jsonl", "samples.jsonl"].flatMap((name): Trial[] => [
    [
      `${name} is replaced`,
      (whole, seed) => fileGoes(name, "replace", whole, seed),
    ],
    [
      `${name} is removed`,
      (whole, seed) => fileGoes(name, "remove", whole, seed),
    ],
  ]),
  ["killed before its first save", killedBeforeSaving],
];

/** The case. */
export const torture: Torture = {
  name: "folders",
  summary: "folders and files that go away or are replaced under a training; " +
    "a name whose training was killed before it saved",
  count: TRIALS.length,
  run,
};

async function run(options: TortureOptions): Promise<void> {
  using place = new Workplace();
  await place.succeed("train", TRAIN);
  const whole = place.run("run");
  await namedTrials(options, TRIALS, whole);
}

/** Trains, and does something when some epochs are done. */
async function trainAnd(
  place: Workplace,
  seed: number,
  act: () => void,
): Promise<Ended> {
  const after = new Chance(seed).integer(5, EPOCHS / 2);
  let lines = 0, isDone = false;
  return await place.start("train", TRAIN, {
    onOutput: (text) => {
      lines += text.split("\n").length - 1;
      if (isDone || lines < after) return;
      isDone = true;
      act();
    },
  }).ended;
}

async function folderGoes(
  how: "remove" | "rename",
  whole: string,
  seed: number,
): Promise<void> {
  using place = new Workplace();
  const folder = place.run("run"), moved = place.file("moved");
  const ended = await trainAnd(place, seed, () => {
    if (how === "rename") return Deno.renameSync(folder, moved);
    for (;;) {
      try {
        return Deno.removeSync(folder, { recursive: true });
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) throw error;
        // A file came into it in between.
      }
    }
  });
  assertNoTrace(ended, "it");
  if (how === "remove" && ended.code === 7) {
    // What was written anew was removed as well: it was saved once more.
    assertOneError(ended, [7], "it");
    await place.succeed("train", [...RESUME, "--run=run"]);
  } else {
    assertEquals(ended.code, 0, ended.stderr);
  }
  assertMatch(ended.stderr, /removed|renamed|gone|anew/, "it is not said");
  if (how === "rename") assert(await savedEpochs(moved) >= 1, "what was moved");
  const anew = await runOfMost(place);
  assertSameFile(
    join(anew, "model.safetensors"),
    join(whole, "model.safetensors"),
    "written anew",
  );
  assertEquals(metricsOf(anew), metricsOf(whole));
}

/** The folder of the run that came furthest: it may have got another name. */
async function runOfMost(place: Workplace): Promise<string> {
  let most = -1, found = "";
  for (const name of namesIn(place.file("data", "runs"))) {
    const epochs = await savedEpochs(place.run(name));
    if (epochs > most) [most, found] = [epochs, place.run(name)];
  }
  assert(most > 0, "no run is left");
  return found;
}

/** The best model is on the disk alone: it cannot be written anew, but that is said. */
async function bestGoes(): Promise<void> {
  using place = new Workplace(UNLIKE);
  const args = [...TRAIN, "--learning-rate=0.02"];
  let lines = 0, isDone = false;
  const ended = await place.start("train", args, {
    onOutput: (text) => {
      lines += text.split("\n").length - 1;
      if (isDone || lines < 40) return;
      isDone = true;
      Deno.renameSync(place.run("run"), place.file("moved"));
    },
  }).ended;
  assertEquals(ended.code, 0, ended.stderr);
  const anew = await runOfMost(place);
  const best = await checkpointOf(anew, "best");
  const { resumeData } = (await checkpointOf(anew, "model"))!;
  assert(resumeData!.best!.epoch < 35, "the best came late: nothing is proved");
  if (best) return assertEquals(best.progress.epochs, resumeData!.best!.epoch);
  const said = ended.stderr.split("\n").filter((line) => /best/.test(line));
  assert(said.length > 0, `the best model is gone unsaid: ${ended.stderr}`);
  assert(
    !said.some((line) => /the best model is /.test(line)),
    `a best model is named that is not there: ${ended.stderr}`,
  );
}

async function fileGoes(
  name: string,
  how: "replace" | "remove",
  whole: string,
  seed: number,
): Promise<void> {
  using place = new Workplace();
  const folder = place.run("run"), file = join(folder, name);
  const ended = await trainAnd(place, seed, () => {
    if (how === "remove") return Deno.removeSync(file);
    Deno.writeTextFileSync(place.file("mine"), "mine\n");
    Deno.renameSync(place.file("mine"), file);
  });
  assertNoTrace(ended, "it");
  assertEquals(ended.code, 0, ended.stderr);
  assertSameRun(folder, whole, "the run");
}

/** The name is free for a training, and cannot be resumed. */
async function killedBeforeSaving(whole: string): Promise<void> {
  using place = new Workplace();
  const seldom = TRAIN.map((flag) =>
    flag === OFTEN ? "--checkpoint-every=1000 epochs" : flag
  );
  const running = place.start("train", seldom, {
    onOutput: () => running.kill("SIGKILL"),
  });
  const { signal } = await running.ended;
  assertEquals(signal, "SIGKILL");
  const resumed = await place.finish("train", [...RESUME, "--run=run"]);
  assertOneError(resumed, [3, 7], "resume");
  await place.succeed("train", TRAIN);
  assertSameRun(place.run("run"), whole, "trained after that");
}
