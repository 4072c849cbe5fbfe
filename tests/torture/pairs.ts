import { assert, assertEquals } from "@std/assert";
import type { TaskName } from "../tasks/command.ts";
import { Chance } from "./tools/chance.ts";
import { faultVariables } from "./tools/faults.ts";
import { assertNoTrace, assertOneError } from "./tools/messages.ts";
import { assertSameRun } from "./tools/run_state.ts";
import type { Torture, TortureOptions } from "./tools/torture.ts";
import { trials } from "./tools/torture.ts";
import {
  copyFolder,
  DEVICE,
  type Ended,
  OFTEN,
  pause,
  RESUME,
  SMALL,
  Workplace,
} from "./tools/workplace.ts";

/** The case. */
export const torture: Torture = {
  name: "pairs",
  summary: "two processes on one run, every ordered pair of train, resume, " +
    "generate, evaluate, runs and compare",
  count: 36 * 20,
  run,
};

/** What a process does to the run; the first and the second of a pair. */
type Role = "train" | "resume" | "generate" | "evaluate" | "runs" | "compare";

const ROLES: readonly Role[] = [
  ...["train", "resume", "generate", "evaluate", "runs", "compare"] as const,
];

const PAIRS = ROLES.flatMap((first) =>
  ROLES.map((second) => [first, second] as const)
);

const EPOCHS = 60;

/** Epochs that are done where the first resumes. */
const BEGUN = 10;

const TRAIN = [...SMALL, OFTEN, `--epochs=${EPOCHS}`, "--run=run"];

const LINES: Readonly<Record<Role, readonly [TaskName, ...string[]]>> = {
  train: ["train", ...TRAIN],
  resume: ["train", ...RESUME, `--epochs=${EPOCHS}`, "--run=run"],
  generate: ["generate", "--run=run", "--prefix=Time", ...DEVICE],
  evaluate: ["evaluate", "--run=run", ...DEVICE],
  runs: ["runs"],
  compare: ["compare", "run", "other"],
};

/** States of the run before both begin, and of it when all is done. */
interface States {
  /** Data folder with another run alone. */
  readonly fresh: string;
  /** The same with the run, ended early. */
  readonly begun: string;
  /** Folder of the run, trained in one go. */
  readonly whole: string;
  /** The same, resumed from `begun`. */
  readonly resumed: string;
}

async function run(options: TortureOptions): Promise<void> {
  using place = new Workplace();
  await place.succeed("train", [...SMALL, "--epochs=2", "--run=other"]);
  const data = place.file("data");
  const states = {
    fresh: place.file("fresh"),
    begun: place.file("begun"),
    whole: place.file("whole"),
    resumed: place.file("resumed"),
  };
  await copyFolder(data, states.fresh);
  await place.succeed("train", TRAIN);
  await Deno.rename(place.run("run"), states.whole);
  await place.succeed(
    "train",
    [...TRAIN, "--epochs=10"].filter((flag) => flag !== `--epochs=${EPOCHS}`),
  );
  await copyFolder(data, states.begun);
  const [task, ...args] = LINES.resume;
  await place.succeed(task, args);
  await Deno.rename(place.run("run"), states.resumed);
  await trials(options, (seed) => tryPair(seed, states));
}

async function tryPair(seed: number, states: States): Promise<void> {
  const [first, second] = PAIRS[(seed - 1) % PAIRS.length];
  const chance = new Chance(seed);
  using place = new Workplace();
  const isFresh = first === "train" || second === "train";
  await copyFolder(isFresh ? states.fresh : states.begun, place.file("data"));
  const runs = place.file("data", "runs");
  // Slow renames give readers more of the moments between two of them; a slow lock
  // lets more happen between what is read before it and what it guards.
  const slowRenames = chance.of([{}, { sleep: 5 }]);
  const slowLock = chance.of([{}, { sleep: chance.integer(1, 1000) }]);
  const faults = [
    { ...slowRenames, classes: ["rename", "link"] },
    { ...slowLock, classes: ["lock"] },
  ] as const;
  const start = (role: Role, env: Record<string, string>) => {
    const [task, ...args] = LINES[role];
    let hasBegun = () => {};
    const begun = new Promise<void>((resolve) => hasBegun = resolve);
    const json = isWriter(role) ? ["--json"] : [];
    const { ended } = place.start(task, [...args, ...json], {
      env,
      onOutput: () => hasBegun(),
    });
    ended.finally(() => hasBegun());
    return { role, begun, ended };
  };
  const one = start(first, await faultVariables(runs, faults[0]));
  // Half of the seconds come when the first has surely begun, half at any time.
  const isLate = isWriter(first) && chance.integer(0, 1) === 1;
  if (isLate) await one.begun;
  await pause(chance.integer(0, 250));
  const other = start(second, await faultVariables(runs, faults[1]));
  let isInUse = isLate;
  one.ended.finally(() => isInUse = false);
  const b = await other.ended;
  const mustWait = isInUse && isWriter(second);
  const a = await one.ended;
  const what = `${first}, then ${second}`;
  // 7: the name is taken, which waiting would not change.
  if (mustWait) assertOneError(b, second === "train" ? [7, 8] : [8], what);
  assertEnding(first, a, { beside: second, isFresh, what });
  assertEnding(second, b, { beside: first, isFresh, what });
  const writers = [[first, a], [second, b]] as const;
  const done = writers.filter(([role, { code }]) =>
    isWriter(role) && code === 0
  );
  const tried = writers.filter(([role]) => isWriter(role));
  if (tried.length === 0) {
    assertEquals(done.length, 0);
    assertSameRun(place.run("run"), `${states.begun}/runs/run`, what);
    return;
  }
  if (done.length === 0) {
    // Resuming found nothing yet, and training found the folder taken: neither may
    // be, as one of them was first.
    const said = tried.map(([role, { code, stderr }]) =>
      `${role} ${code}: ${stderr}`
    );
    const isResumeOfNothing = isFresh &&
      !tried.some(([role]) => role === "train");
    assert(isResumeOfNothing, `${what}: nobody trained: ${said.join("; ")}`);
    return;
  }
  // Each epoch was trained by one of the two alone.
  const epochs =
    (a.stdout + b.stdout).split("\n").filter((line) =>
      line.startsWith('{"epoch":')
    ).length;
  assertEquals(epochs, isFresh ? EPOCHS : EPOCHS - BEGUN, `${what}: epochs`);
  const whole = isFresh ? states.whole : states.resumed;
  assertSameRun(place.run("run"), whole, what);
}

/** Throws an AssertionError if a process ended as it must not beside the other. */
function assertEnding(
  role: Role,
  ended: Ended,
  { beside, isFresh, what }: {
    readonly beside: Role;
    readonly isFresh: boolean;
    readonly what: string;
  },
): void {
  assertNoTrace(ended, what);
  if (ended.code === 0) {
    assert(
      !/damaged|No such file/.test(ended.stderr + ended.stdout),
      `${what}: ${role} calls a sound run damaged: ${ended.stdout}${ended.stderr}`,
    );
    return;
  }
  if (isWriter(role)) {
    assert(
      isWriter(beside) || isFresh && role === "resume",
      `${what}: ${role} ended with ${ended.code}: ${ended.stderr}`,
    );
    // 8: in use; 7: a run of this name was made, or there is none to resume.
    assertOneError(ended, [7, 8], `${what}: ${role}`);
    return;
  }
  // A run that is just begun has no model to read.
  assert(
    isFresh && ended.code === 7,
    `${what}: ${role} ended with ${ended.code}: ${ended.stderr}`,
  );
  assertOneError(ended, [7], `${what}: ${role}`);
}

function isWriter(role: Role): boolean {
  return role === "train" || role === "resume";
}
