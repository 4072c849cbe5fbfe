import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { Chance } from "./tools/chance.ts";
import { faultVariables } from "./tools/faults.ts";
import { assertNoTrace, assertOneError } from "./tools/messages.ts";
import { assertSameRun, bytesOf, checkpointOf } from "./tools/run_state.ts";
import type { Torture, TortureOptions } from "./tools/torture.ts";
import { trialsOf } from "./tools/torture.ts";
import {
  copyFolder,
  OFTEN,
  RESUME,
  SMALL,
  Workplace,
} from "./tools/workplace.ts";

const TRAIN = [...SMALL, OFTEN, "--epochs=100", "--run=run", "--json"];

/** Epochs after which the training is killed that the trials go on with. */
const BEGUN = 12;

const FILES = ["model", "previous", "best"] as const;

const STATES = ["sound", "damaged", "missing"] as const;

/** What each of a run's checkpoints is. */
type States = Readonly<Record<typeof FILES[number], typeof STATES[number]>>;

const TRIALS: readonly States[] = STATES.flatMap((model) =>
  STATES.flatMap((previous) =>
    STATES.map((best) => ({ model, previous, best }))
  )
);

/** The case. */
export const torture: Torture = {
  name: "damaged",
  summary:
    "runs whose last, previous and best checkpoints are sound, damaged " +
    "or missing, in all combinations",
  count: TRIALS.length,
  run,
};

/** What the trials begin from, and end in. */
interface Folders {
  /** Data folder of a training that was killed early, with all three files. */
  readonly begun: string;
  /** The run's folder of one that nothing disturbed. */
  readonly whole: string;
}

async function run(options: TortureOptions): Promise<void> {
  using place = new Workplace();
  await place.succeed("train", TRAIN);
  const whole = place.file("whole");
  await Deno.rename(place.run("run"), whole);
  let lines = 0;
  const running = place.start("train", TRAIN, {
    onOutput: (text) => {
      lines += text.split("\n").length - 1;
      if (lines >= BEGUN) running.kill("SIGKILL");
    },
  });
  assertEquals((await running.ended).signal, "SIGKILL");
  const folders = { begun: place.file("data"), whole };
  assertEquals(
    FILES.filter((name) =>
      bytesOf(join(place.run("run"), `${name}.safetensors`)) === undefined
    ),
    [],
    "files that a killed training lacks",
  );
  await trialsOf(options, TRIALS, async (states, seed) => {
    try {
      await goOnWith(states, folders, seed);
    } catch (error) {
      const { model, previous, best } = states;
      throw new Error(
        `${model} model, ${previous} previous, ${best} best: ` +
          (error as Error).message,
      );
    }
  });
}

async function goOnWith(
  states: States,
  { begun, whole }: Folders,
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
