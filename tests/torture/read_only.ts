import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { assertNoTrace, assertOneError } from "./tools/messages.ts";
import { OtherUser } from "./tools/other_user.ts";
import {
  assertSameRun,
  hasCheckpoint,
  namesIn,
  savedEpochs,
} from "./tools/run_state.ts";
import type { Torture, TortureOptions } from "./tools/torture.ts";
import { trialsOf } from "./tools/torture.ts";
import { OFTEN, RESUME, SMALL, Workplace } from "./tools/workplace.ts";

/** The case. */
export const torture: Torture = {
  name: "read-only",
  summary: "folders that a user may not write into: tasks that read work, " +
    "tasks that write say so, also when it happens during a training",
  count: 4,
  run,
};

type Trial = (user: OtherUser) => Promise<void>;

const TRIALS: readonly Trial[] = [
  readersWork,
  readersWorkBesideTraining,
  writersAreRefused,
  becomesReadOnly,
];

async function run(options: TortureOptions): Promise<void> {
  await using user = await OtherUser.find();
  await trialsOf(options, TRIALS, (trial) => trial(user));
}

const ARGS = [...SMALL, OFTEN];

/** Two runs in folders that only their owner may write into. */
async function trained(): Promise<Workplace> {
  const place = new Workplace();
  await place.succeed("train", [...ARGS, "--epochs=3", "--run=run"]);
  await place.succeed("train", [...ARGS, "--epochs=2", "--run=other"]);
  return place;
}

/** Takes the permission to write from all folders and files of the runs, or gives it. */
async function setWritable(place: Workplace, isWritable: boolean) {
  const mode = isWritable ? "u+w" : "a-w";
  const args = ["-R", mode, place.file("data")];
  const { success } = await new Deno.Command("chmod", { args }).output();
  assert(success, "chmod failed");
}

/** What the tasks that only read print. */
async function readAll(
  place: Workplace,
  user: OtherUser,
  picture: string,
): Promise<string[]> {
  const device = ["--device=cpu", "--threads=1"];
  const commands = [
    ["generate", "--run=run", "--prefix=Time", ...device],
    ["evaluate", "--run=run", ...device],
    ["inspect", "--run=run"],
    ["runs", "--json"],
    ["compare", "run", "other", "--json", `--output=${picture}`],
  ] as const;
  const printed: string[] = [];
  for (const [task, ...args] of commands) {
    const ended = await place.finish(task, args, user.options);
    assertNoTrace(ended, task);
    assertEquals(ended.code, 0, `${task}: ${ended.stderr}`);
    assert(ended.stdout !== "", `${task} printed nothing: ${ended.stderr}`);
    printed.push(ended.stdout);
  }
  return printed;
}

async function readersWork(user: OtherUser): Promise<void> {
  using place = await trained();
  const folder = place.run("run"), names = namesIn(folder);
  const pictures = place.file("pictures");
  await Deno.mkdir(pictures);
  await user.own(pictures);
  await setWritable(place, false);
  await user.assertCannotWrite(folder);
  const before = await readAll(place, user, `${pictures}/before.svg`);
  assertEquals(namesIn(folder), names, "files after reading");
  await setWritable(place, true);
  await user.own(place.file("data"));
  const after = await readAll(place, user, `${pictures}/after.svg`);
  // The list of runs has ages.
  const timeless = (one: string) => one.replace(/"age[^,}]*/g, "");
  assertEquals(before.map(timeless), after.map(timeless));
  assertEquals(namesIn(folder), names, "files after reading with permission");
}

async function readersWorkBesideTraining(user: OtherUser): Promise<void> {
  using place = await trained();
  const pictures = place.file("pictures");
  await Deno.mkdir(pictures);
  await user.own(pictures);
  const more = [...RESUME, "--run=run", "--epochs=100000"];
  const training = place.start("train", more);
  try {
    await user.assertCannotWrite(place.run("run"));
    for (let i = 0; i < 3; i++) {
      await readAll(place, user, `${pictures}/${i}.svg`);
    }
  } finally {
    training.kill("SIGTERM");
    await training.ended;
  }
  assertEquals((await training.ended).code, 143);
}

async function writersAreRefused(user: OtherUser): Promise<void> {
  using place = await trained();
  const folder = place.run("run"), names = namesIn(folder);
  await setWritable(place, false);
  await user.assertCannotWrite(folder);
  const commands = [
    ["--resume", "--run=run", "--epochs=5"],
    ["--resume", "--epochs=5"],
    [...ARGS, "--epochs=3", "--run=new"],
    [...ARGS, "--epochs=3"],
    [
      ...SMALL.filter((flag) => !/--(cell|hidden)/.test(flag)),
      "--init-from=run",
    ],
  ];
  for (const args of commands) {
    const ended = await place.finish("train", args, user.options);
    const what = `train ${args.join(" ")}`;
    const message = assertOneError(ended, [7], what);
    assertStringIncludes(message, "data/runs", `${what}: no path`);
  }
  assertEquals(namesIn(folder), names);
  assertEquals(namesIn(place.file("data", "runs")), ["other", "run"]);
}

/** The folder of a run becomes read-only between two saves. */
async function becomesReadOnly(user: OtherUser): Promise<void> {
  const args = [...ARGS, "--epochs=400", "--run=run"];
  using undisturbed = new Workplace();
  await undisturbed.succeed("train", args);
  using place = new Workplace();
  await Deno.mkdir(place.file("data"));
  await user.own(place.file("data"));
  const folder = place.run("run");
  let saved = 0;
  const training = place.start("train", [...args, "--json"], {
    ...user.options,
    onOutput: () => {
      if (saved > 0 || !hasCheckpoint(folder)) return;
      saved = 1;
      Deno.chmodSync(folder, 0o555);
    },
  });
  const ended = await training.ended;
  assertOneError(ended, [7], "a folder that becomes read-only");
  await user.assertCannotWrite(folder);
  assert(await savedEpochs(folder) >= saved, "what was saved is gone");
  await Deno.chmod(folder, 0o755);
  const goOn = [...RESUME, "--run=run"];
  await place.succeed("train", goOn, user.options);
  assertSameRun(folder, undisturbed.run("run"), "resumed after that");
}
