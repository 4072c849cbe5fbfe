import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { partition } from "../../lib/partition.ts";
import { learningRateAt } from "../../lib/training/learning_rate.ts";
import { Chance } from "./tools/chance.ts";
import { assertOneError } from "./tools/messages.ts";
import {
  assertSameFile,
  assertSameRun,
  checkpointOf,
  linesOf,
  metricsOf,
  namesIn,
} from "./tools/run_state.ts";
import type { Torture, TortureOptions } from "./tools/torture.ts";
import { trialsOf } from "./tools/torture.ts";
import {
  copyFolder,
  DEVICE,
  OFTEN,
  RESUME,
  SMALL,
  TEXT,
  UNLIKE,
  Workplace,
} from "./tools/workplace.ts";

type Trial = readonly [name: string, run: (seed: number) => Promise<void>];

const TRIALS: readonly Trial[] = [
  ...(["constant", "linear", "cosine", "step"] as const).map((
    schedule,
  ): Trial => [
    `${schedule}, more epochs twice`,
    () => moreEpochs(schedule),
  ]),
  ["another rate and schedule on resuming", changedRate],
  ["patience over kills", patienceOverKills],
  ["patience over kills, again", patienceOverKills],
  ["more patience on resuming", morePatience],
  ["a held-out text that changed", () => changedText("held out")],
  ["a text that changed", () => changedText("trained on")],
  ["a text in another place", movedText],
];

/** The case. */
export const torture: Torture = {
  name: "schedules",
  summary:
    "learning rates and patience over several resumptions; a text that " +
    "changed in between is noticed",
  count: TRIALS.length,
  run,
};

async function run(options: TortureOptions): Promise<void> {
  await trialsOf(options, TRIALS, async ([name, trial], seed) => {
    try {
      await trial(seed);
    } catch (error) {
      throw new Error(`${name}: ${(error as Error).message}`);
    }
  });
}

/** Without a held-out text: the last epoch's model is what counts. */
const MODEL = SMALL.filter((flag) => !flag.startsWith("--validation"));

async function moreEpochs(
  schedule: "constant" | "linear" | "cosine" | "step",
): Promise<void> {
  using place = new Workplace();
  const flags = [`--schedule=${schedule}`, "--learning-rate=0.01"];
  await place.succeed("train", [...MODEL, ...flags, "--epochs=4", "--run=run"]);
  const rates = ratesOf(place);
  for (const epochs of [9, 15]) {
    const args = [...RESUME, `--epochs=${epochs}`, "--run=run"];
    const { stderr } = await place.succeed("train", args);
    await assertRates(place, rates, stderr);
    assertEquals(ratesOf(place).slice(0, rates.length), rates, "earlier rates");
    rates.splice(0, rates.length, ...ratesOf(place));
    assertEquals(rates.length, epochs);
  }
}

async function changedRate(): Promise<void> {
  using place = new Workplace();
  const flags = ["--schedule=cosine", "--learning-rate=0.01"];
  await place.succeed("train", [...MODEL, ...flags, "--epochs=4", "--run=run"]);
  const rates = ratesOf(place);
  const { stderr } = await place.succeed("train", [
    ...[...RESUME, "--epochs=8", "--run=run"],
    ...["--learning-rate=0.003", "--schedule=constant"],
  ]);
  await assertRates(place, rates, stderr);
  assertEquals(ratesOf(place).slice(4), [0.003, 0.003, 0.003, 0.003]);
}

/** The rates of all epochs, each that of the epoch's last minibatch. */
function ratesOf(place: Workplace): number[] {
  return metricsOf(place.run("run")).map((line) =>
    line.learning_rate as number
  );
}

/** Throws unless the rates behind those of before are as the run has it, and as said. */
async function assertRates(
  place: Workplace,
  before: readonly number[],
  stderr: string,
): Promise<void> {
  const rates = ratesOf(place);
  const { training } = (await checkpointOf(place.run("run"), "model"))!;
  const ids = new Uint32Array(TEXT.length);
  const share = (epoch: number) => {
    const offset = training.offset ?? undefined;
    return 1 / partition(ids, { ...training, offset, epoch }).count;
  };
  for (let epoch = before.length; epoch < rates.length; epoch++) {
    const part = share(epoch);
    const expected = learningRateAt(training, epoch + 1 - part, part);
    assertEquals(rates[epoch], expected, `the rate of epoch ${epoch + 1}`);
  }
  const said = stderr.split("\n").find((line) => /learning rate/i.test(line));
  assert(said, `the learning rate is not said: ${stderr}`);
  const part = share(before.length);
  const first = learningRateAt(training, before.length, part);
  const last = rates.at(-1)!;
  const numbers = [...said.matchAll(/\d[\d.]*(?:e[+-]?\d+)?/g)].map(([text]) =>
    Number(text)
  );
  for (const rate of [first, last]) {
    const near = numbers.some((number) => Math.abs(number / rate - 1) < 0.006);
    assert(near, `"${said}" does not have ${rate}`);
  }
}

const PATIENT = [
  ...SMALL,
  ...["--learning-rate=0.001", "--patience=20", OFTEN, "--run=run"],
];

async function patienceOverKills(seed: number): Promise<void> {
  using undisturbed = new Workplace(UNLIKE);
  const args = [...PATIENT, "--epochs=200"];
  await undisturbed.succeed("train", args);
  const epochs = metricsOf(undisturbed.run("run")).length;
  assert(epochs < 200, "patience did not end the training");
  const chance = new Chance(seed);
  using place = new Workplace(UNLIKE);
  for (let life = 1; life <= 4; life++) {
    const lines = chance.integer(2, Math.max(2, Math.floor(epochs / 5)));
    let seen = 0;
    const goOn = life === 1 ? args : [...RESUME, "--run=run"];
    const running = place.start("train", [...goOn, "--json"], {
      onOutput: (text) => {
        seen += text.split("\n").length - 1;
        if (seen >= lines) running.kill("SIGKILL");
      },
    });
    await running.ended;
  }
  await place.succeed("train", [...RESUME, "--run=run"]);
  assertSameRun(place.run("run"), undisturbed.run("run"), "after 4 kills");
}

async function morePatience(): Promise<void> {
  using place = new Workplace(UNLIKE);
  const folder = place.run("run");
  await place.succeed("train", [...PATIENT, "--epochs=200"]);
  const epochs = metricsOf(folder).length;
  const commands = linesOf(join(folder, "commands.txt"));
  const again = await place.succeed("train", [...RESUME, "--run=run"]);
  assertMatch(again.stderr, /patience/, "why it had ended is not said");
  assertEquals(metricsOf(folder).length, epochs);
  assertEquals(
    linesOf(join(folder, "commands.txt")),
    commands,
    "commands.txt after a command that did nothing",
  );
  await place.succeed("train", [...RESUME, "--run=run", "--patience=30"]);
  using undisturbed = new Workplace(UNLIKE);
  const all = [...PATIENT, "--epochs=200"].map((flag) =>
    flag.startsWith("--patience") ? "--patience=30" : flag
  );
  await undisturbed.succeed("train", all);
  assertSameRunButSamples(folder, undisturbed.run("run"));
}

/** As assertSameRun, but for the sample of where the first training ended. */
function assertSameRunButSamples(a: string, b: string): void {
  assertEquals(metricsOf(a), metricsOf(b));
  const name = "model.safetensors";
  assertSameFile(join(a, name), join(b, name), "with more patience");
}

async function changedText(part: "held out" | "trained on"): Promise<void> {
  using place = new Workplace();
  const folder = place.run("run");
  await place.succeed("train", [...SMALL, "--epochs=3", "--run=run"]);
  const kept = place.file("kept");
  await copyFolder(folder, kept);
  const at = part === "held out" ? TEXT.length - 30 : 30;
  const changed = [...TEXT];
  [changed[at], changed[at + 1]] = [changed[at + 1], changed[at]];
  assert(changed.join("") !== TEXT);
  Deno.writeTextFileSync(place.file("text.txt"), changed.join(""));
  const more = [...RESUME, "--run=run", "--epochs=6"];
  const refused = await place.finish("train", more);
  assertMatch(assertOneError(refused, [3], "resume"), /text/);
  for (const name of namesIn(kept)) {
    if (name.startsWith(".")) continue; // the lock names who held it last
    assertSameFile(join(folder, name), join(kept, name), "refused");
  }
  Deno.writeTextFileSync(place.file("text.txt"), TEXT);
  await place.succeed("train", more);
}

async function movedText(): Promise<void> {
  using place = new Workplace();
  await place.succeed("train", [...SMALL, "--epochs=3", "--run=run"]);
  Deno.renameSync(place.file("text.txt"), place.file("moved.txt"));
  const more = [...RESUME, "--run=run"];
  const lost = await place.finish("train", [...more, "--epochs=6"]);
  assertMatch(assertOneError(lost, [7], "resume"), /--corpus/);
  const found = [...more, "--epochs=6", "--corpus=moved.txt"];
  await place.succeed("train", found);
  // It is known from then on.
  await place.succeed("evaluate", ["--run=run", ...DEVICE]);
  await place.succeed("train", [...more, "--epochs=7"]);
}
