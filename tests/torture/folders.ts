import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { Chance } from "./tools/chance.ts";
import { faultVariables } from "./tools/faults.ts";
import { assertNoTrace, assertOneError } from "./tools/messages.ts";
import {
  assertSameFile,
  assertSameRun,
  bytesOf,
  checkpointOf,
  metricsOf,
  namesIn,
  savedEpochs,
} from "./tools/run_state.ts";
import type { Torture, TortureOptions } from "./tools/torture.ts";
import { trialsOf } from "./tools/torture.ts";
import {
  copyFolder,
  type Ended,
  OFTEN,
  RESUME,
  SMALL,
  UNLIKE,
  Workplace,
} from "./tools/workplace.ts";

const EPOCHS = 100;

const TRAIN = [...SMALL, OFTEN, `--epochs=${EPOCHS}`, "--run=run", "--json"];

/** What a file of a run can be. */
const STATES = ["sound", "damaged", "missing"] as const;

type State = typeof STATES[number];

const FILES = ["model", "previous", "best"] as const;

/** What the trials begin from, and end in. */
interface States {
  /** Data folder of a training that was killed early, with all three files. */
  readonly begun: string;
  /** The run's folder of one that nothing disturbed. */
  readonly whole: string;
}

type Trial = readonly [
  name: string,
  run: (states: States, seed: number) => Promise<void>,
];

const TRIALS: readonly Trial[] = [
  [
    "its folder is removed",
    ({ whole }, seed) => folderGoes("remove", whole, seed),
  ],
  [
    "its folder is renamed",
    ({ whole }, seed) => folderGoes("rename", whole, seed),
  ],
  ["its folder is removed, and the best model with it", bestGoes],
  ...["metrics.jsonl", "samples.jsonl"].flatMap((name): Trial[] => [
    [
      `${name} is replaced`,
      ({ whole }, seed) => fileGoes(name, "replace", whole, seed),
    ],
    [
      `${name} is removed`,
      ({ whole }, seed) => fileGoes(name, "remove", whole, seed),
    ],
  ]),
  ["killed before its first save", killedBeforeSaving],
  ...STATES.flatMap((model) =>
    STATES.flatMap((previous) =>
      STATES.map((best): Trial => [
        `${model} model, ${previous} previous, ${best} best`,
        (all, seed) => damaged({ model, previous, best }, all, seed),
      ])
    )
  ),
];

export const torture: Torture = {
  name: "folders",
  summary: "folders and files that go away or are damaged, under a training " +
    "and before it is resumed",
  count: TRIALS.length,
  run,
};

async function run(options: TortureOptions): Promise<void> {
  using place = new Workplace();
  await place.succeed("train", TRAIN);
  const whole = place.file("whole");
  await Deno.rename(place.run("run"), whole);
  let lines = 0;
  const running = place.start("train", TRAIN, {
    onOutput: (text) => {
      lines += text.split("\n").length - 1;
      if (lines >= 12) running.kill("SIGKILL");
    },
  });
  assertEquals((await running.ended).signal, "SIGKILL");
  const states = { begun: place.file("data"), whole };
  assertEquals(
    FILES.filter((name) =>
      bytesOf(join(place.run("run"), `${name}.safetensors`)) === undefined
    ),
    [],
    "files that a killed training lacks",
  );
  await trialsOf(options, TRIALS, async ([name, trial], seed) => {
    try {
      await trial(states, seed);
    } catch (error) {
      throw new Error(`${name}: ${(error as Error).message}`);
    }
  });
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
  const [name] = namesIn(place.file("data", "runs"));
  assert(name, `no run is left: ${ended.stderr}`);
  const anew = place.run(name);
  assertSameFile(
    join(anew, "model.safetensors"),
    join(whole, "model.safetensors"),
    "written anew",
  );
  assertEquals(metricsOf(anew), metricsOf(whole));
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
  const [name] = namesIn(place.file("data", "runs"));
  const best = await checkpointOf(place.run(name), "best");
  const { state } = (await checkpointOf(place.run(name), "model"))!;
  assert(state!.best!.epoch < 35, "the best came late: nothing is proved");
  if (best) return assertEquals(best.progress.epochs, state!.best!.epoch);
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
async function killedBeforeSaving({ whole }: States): Promise<void> {
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

async function damaged(
  states: Readonly<Record<typeof FILES[number], State>>,
  { begun, whole }: States,
  seed: number,
): Promise<void> {
  const chance = new Chance(seed);
  using place = new Workplace();
  const folder = place.run("run");
  const path = (name: string) => join(folder, `${name}.safetensors`);
  const resume = [...RESUME, "--run=run"];
  const prepare = async () => {
    await Deno.remove(place.file("data"), { recursive: true }).catch(() => {});
    await copyFolder(begun, place.file("data"));
    for (const name of FILES) {
      if (states[name] === "missing") Deno.removeSync(path(name));
      if (states[name] === "damaged") damage(path(name), chance);
    }
  };
  await prepare();
  const before = FILES.map((name) => bytesOf(path(name)));
  const ended = await place.finish("train", resume);
  assertNoTrace(ended, "resume");
  if (!Object.values(states).includes("sound")) {
    assertOneError(ended, [3, 7], "resume");
    assertEquals(FILES.map((name) => bytesOf(path(name))), before, "the files");
    return;
  }
  assertEquals(ended.code, 0, ended.stderr);
  for (const name of ["model", "best"] as const) {
    if (states[name] === "sound") continue;
    assertMatch(
      ended.stderr,
      new RegExp(`${name}\\.safetensors`),
      `that the ${name} is ${states[name]} is not said`,
    );
  }
  assertSameRun(folder, whole, "resumed");
  // What is sound is never replaced by what is not: killed anywhere in a save,
  // something to go on from is left.
  await prepare();
  const fault = {
    at: chance.integer(1, 8),
    action: "kill",
    classes: ["rename", "link"],
  } as const;
  const env = await faultVariables(place.file("data", "runs"), fault);
  const killed = await place.finish("train", resume, { env });
  assertEquals(killed.signal, "SIGKILL", killed.stderr);
  const left = await Promise.all(
    FILES.map((name) => checkpointOf(folder, name).catch(() => undefined)),
  );
  assert(
    left.some((one) => one),
    `killed at ${fault.at}, nothing sound is left`,
  );
  await place.succeed("train", resume);
  assertSameRun(folder, whole, `killed at ${fault.at}, then resumed`);
}

/** Cuts a file off, flips one of its bits, empties it or makes it another's. */
function damage(path: string, chance: Chance): void {
  const bytes = Deno.readFileSync(path);
  const at = chance.integer(0, bytes.length - 1);
  const kind = chance.of(["cut", "flip", "empty", "another's"]);
  if (kind === "cut") Deno.truncateSync(path, at);
  if (kind === "empty") Deno.truncateSync(path, 0);
  if (kind === "another's") Deno.writeTextFileSync(path, "<!doctype html>");
  if (kind === "flip") {
    bytes[at] ^= 1 << chance.integer(0, 7);
    Deno.writeFileSync(path, bytes);
  }
}
