import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { findAdapter } from "../../lib/backend/webgpu/device.ts";
import { Chance } from "./tools/chance.ts";
import { faultVariables } from "./tools/faults.ts";
import { assertNoTrace } from "./tools/messages.ts";
import {
  assertSameRun,
  hasCheckpoint,
  savedEpochs,
} from "./tools/run_state.ts";
import type { Torture, TortureOptions } from "./tools/torture.ts";
import { trialsOf } from "./tools/torture.ts";
import { type Ended, OFTEN, Workplace } from "./tools/workplace.ts";

const SIGNALS = [
  { name: "SIGINT", number: 2, code: 130 },
  { name: "SIGTERM", number: 15, code: 143 },
  { name: "SIGHUP", number: 1, code: 129 },
] as const;

/** What a training is doing nearly all of its time. */
const PHASES = ["training", "validation", "sampling", "saving"] as const;

const DEVICES = ["cpu", "webgpu"] as const;

type Device = typeof DEVICES[number];
type Phase = typeof PHASES[number];

interface Trial {
  readonly device: Device;
  readonly phase: Phase;
  readonly signal: typeof SIGNALS[number];
  readonly times: 1 | 2;
}

const TRIALS: readonly Trial[] = DEVICES.flatMap((device) =>
  PHASES.flatMap((phase) =>
    SIGNALS.flatMap((signal) =>
      ([1, 2] as const).map((times) => ({ device, phase, signal, times }))
    )
  )
);

/** The case. */
export const torture: Torture = {
  name: "signals",
  summary: "SIGINT, SIGTERM and SIGHUP, once and twice, during training, " +
    "validation, sampling and saving, on cpu and webgpu",
  count: TRIALS.length,
  run,
};

/** A training that spends its time on a phase. */
interface Work {
  /** Bytes of text, of which the batch and the steps make minibatches. */
  readonly bytes: number;
  readonly epochs: number;
  readonly flags: readonly string[];
}

const MODEL = ["--corpus=text.txt", "--cell=gru", "--optimizer=adam"];

const LARGE = ["--hidden-size=32", "--batch-size=16", "--num-steps=32"];

const TINY = ["--hidden-size=8", "--batch-size=2", "--num-steps=8"];

const WORK: Readonly<Record<Device, Readonly<Record<Phase, Work>>>> = {
  cpu: {
    training: { bytes: 200_000, epochs: 6, flags: LARGE },
    validation: {
      bytes: 200_000,
      epochs: 8,
      flags: [...LARGE, "--validation=0.9"],
    },
    sampling: { bytes: 100, epochs: 3000, flags: TINY },
    saving: { bytes: 500, epochs: 12, flags: [...TINY, "--validation=0.2"] },
  },
  webgpu: {
    training: { bytes: 6000, epochs: 6, flags: TINY },
    validation: {
      bytes: 6000,
      epochs: 8,
      flags: [...TINY, "--validation=0.9"],
    },
    sampling: { bytes: 100, epochs: 100, flags: TINY },
    saving: { bytes: 500, epochs: 12, flags: [...TINY, "--validation=0.2"] },
  },
};

async function run(options: TortureOptions): Promise<void> {
  const hasAdapter = await findAdapter() !== undefined;
  if (!hasAdapter) {
    options.say("webgpu is left out: there is no adapter here");
  }
  const some = TRIALS.filter(({ device }) => device === "cpu" || hasAdapter);
  const undisturbed = new Map<string, Promise<Workplace>>();
  try {
    await trialsOf(options, some, async (trial, seed) => {
      const { device, phase } = trial;
      const key = `${device} ${phase}`;
      if (!undisturbed.has(key)) {
        undisturbed.set(key, trainUndisturbed(device, phase));
      }
      const whole = (await undisturbed.get(key)!).run("run");
      await disturb(trial, new Chance(seed), whole);
    });
  } finally {
    for (const place of undisturbed.values()) (await place)[Symbol.dispose]();
  }
}

function argsOf(device: Device, phase: Phase): string[] {
  const { epochs, flags } = WORK[device][phase];
  const save = phase === "sampling" ? "--checkpoint-every=50 epochs" : OFTEN;
  return [
    ...[...MODEL, ...flags, ...deviceFlags(device), save],
    ...[`--epochs=${epochs}`, "--run=run", "--json"],
  ];
}

function deviceFlags(device: Device): string[] {
  return [`--device=${device}`, ...device === "cpu" ? ["--threads=1"] : []];
}

function placeFor(device: Device, phase: Phase): Workplace {
  const sample = new URL("../../data/sample.txt", import.meta.url);
  const text = Deno.readTextFileSync(sample);
  const { bytes } = WORK[device][phase];
  return new Workplace(
    text.repeat(Math.ceil(bytes / text.length)).slice(0, bytes),
  );
}

async function trainUndisturbed(
  device: Device,
  phase: Phase,
): Promise<Workplace> {
  const place = placeFor(device, phase);
  await place.succeed("train", argsOf(device, phase));
  return place;
}

async function disturb(
  { device, phase, signal, times }: Trial,
  chance: Chance,
  whole: string,
): Promise<void> {
  using place = placeFor(device, phase);
  const folder = place.run("run");
  const what = `${signal.name}${times === 2 ? " twice" : ""} in ${phase} on ` +
    device;
  let saved = 0, ended: Ended;
  if (phase === "saving") {
    const action = `${times === 2 ? "twice" : "signal"}:${signal.number}`;
    const fault = {
      at: chance.integer(20, 120),
      action,
      classes: ["write", "sync", "rename", "link"],
    } as const;
    const env = await faultVariables(place.file("data", "runs"), fault);
    ended = await place.finish("train", argsOf(device, phase), { env });
  } else {
    const { epochs } = WORK[device][phase];
    const after = chance.integer(1, Math.ceil(epochs / 3));
    const wait = chance.integer(0, 100), gap = chance.integer(5, 100);
    const running = place.start("train", argsOf(device, phase), {
      onOutput: lineCounter(after, () => {
        setTimeout(async () => {
          saved = await savedEpochs(folder);
          running.kill(signal.name);
          if (times === 1) return;
          setTimeout(() => running.kill(signal.name), gap);
        }, wait);
      }),
    });
    ended = await running.ended;
  }
  assertNoTrace(ended, what);
  assertEquals(
    [ended.code, ended.signal],
    [signal.code, null],
    `exit of ${what}: ${ended.stderr}`,
  );
  const now = await savedEpochs(folder);
  assert(now >= saved, `${what}: epoch ${saved} was saved, ${now} is left`);
  if (times === 1) {
    assert(
      hasCheckpoint(folder),
      `${what}: nothing was saved: ${ended.stderr}`,
    );
    assertStringIncludes(
      ended.stderr,
      "--resume --run run",
      `${what}: how to go on is not said`,
    );
  }
  const goOn = hasCheckpoint(folder)
    ? ["--resume", "--run=run", ...deviceFlags(device)]
    : argsOf(device, phase);
  const rest = await place.finish("train", goOn);
  assertEquals(rest.code, 0, `${what}, then ${goOn[0]}: ${rest.stderr}`);
  assertSameRun(folder, whole, what);
}

/** Calls `then` when so many lines have come. */
function lineCounter(count: number, then: () => void): (text: string) => void {
  let lines = 0;
  return (text) => {
    const before = lines;
    lines += text.split("\n").length - 1;
    if (before < count && lines >= count) then();
  };
}
