import { assert, assertEquals } from "@std/assert";
import { Chance } from "./tools/chance.ts";
import {
  assertSameRun,
  hasCheckpoint,
  namesIn,
  savedEpochs,
  straysIn,
} from "./tools/run_state.ts";
import type { Torture, TortureOptions } from "./tools/torture.ts";
import { trials } from "./tools/torture.ts";
import { OFTEN, RESUME, SMALL, Workplace } from "./tools/workplace.ts";

/** How often one training is killed. */
const KILLS = 10;

const EPOCHS = 400;

const ARGS = [...SMALL, OFTEN, `--epochs=${EPOCHS}`];

/** The case. */
export const torture: Torture = {
  name: "kill",
  summary: "kill -9 at random moments of trainings that save every epoch",
  count: 300,
  run,
};

async function run({ seed, count, say }: TortureOptions): Promise<void> {
  using place = new Workplace();
  await place.succeed("train", [...ARGS, "--run=whole"]);
  const whole = place.run("whole");
  let killed = 0, trained = 0;
  // A training may come to its end before it was killed so often.
  while (killed < count) {
    const some = Math.ceil((count - killed) / KILLS);
    const options = { seed: seed + trained, count: some, say, each: KILLS };
    trained += some;
    await trials(options, async (seed) => {
      killed += await trainKilled(seed, Math.min(KILLS, count), whole);
    });
  }
  say(`${killed} kills in ${trained} trainings`);
}

/** Trains to the end, killed so many times; how many it took before it was done. */
async function trainKilled(
  seed: number,
  kills: number,
  whole: string,
): Promise<number> {
  using place = new Workplace();
  const chance = new Chance(seed);
  const folder = place.run("cut");
  let killed = 0, saved = 0, stale: string[] = [];
  for (let life = 1;; life++) {
    const args = hasCheckpoint(folder)
      ? [...RESUME, "--run=cut", "--json"]
      : [...ARGS, "--run=cut", "--json"];
    const isLast = killed >= kills;
    // Now and then while it starts, else after some epochs and a bit of one.
    const epochs = chance.integer(0, 4) === 0 ? -1 : chance.integer(1, 12);
    const wait = chance.integer(0, epochs < 0 ? 500 : 12);
    let lines = 0;
    const running = place.start("train", args, {
      onOutput: (text) => {
        if (lines === 0) {
          const there = namesIn(folder);
          stale = stale.filter((name) => there.includes(name));
        }
        const before = lines;
        lines += text.split("\n").length - 1;
        if (isLast || epochs < 0) return;
        if (before < epochs && lines >= epochs) {
          setTimeout(() => running.kill("SIGKILL"), wait);
        }
      },
    });
    if (!isLast && epochs < 0) {
      setTimeout(() => running.kill("SIGKILL"), wait);
    }
    const { code, signal, stderr } = await running.ended;
    if (lines > 0) {
      assertEquals(
        stale,
        [],
        `files that start ${life} leaves of start ${life - 1}`,
      );
    }
    if (signal !== "SIGKILL") {
      assertEquals(code, 0, `start ${life}, ${args.join(" ")}: ${stderr}`);
      break;
    }
    killed++;
    const now = await savedEpochs(folder);
    assert(
      now >= saved,
      `epoch ${saved} was saved, but after kill ${killed} the last is ${now}`,
    );
    saved = now;
    stale = straysIn(folder, whole);
  }
  assertSameRun(folder, whole, `after ${killed} kills`);
  return killed;
}
