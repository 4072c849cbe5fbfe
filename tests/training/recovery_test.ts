import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { Backend } from "../../lib/backend/backend.ts";
import {
  DeviceError,
  type DeviceErrorKind,
} from "../../lib/backend/device_error.ts";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { tokenize } from "../../lib/tokenize.ts";
import { resume, train, type TrainOptions } from "../../lib/train.ts";
import { encodeCheckpoint } from "../../lib/training/checkpoint.ts";
import type { TrainEvent } from "../../lib/training/events.ts";
import { WEBGPU } from "../backend/devices.ts";
import { withOps } from "../backend/wrap.ts";
import { torture } from "../torture/device_loss.ts";
import { tickingClock, timeless } from "./run.ts";

const CORPUS = tokenize(
  "the time traveller for so it will be convenient to speak of him " +
    "was expounding a recondite matter to us his grey eyes shone",
  { validation: 0.2 },
);

const SMALL: TrainOptions = {
  hiddenSize: 5,
  batchSize: 2,
  numSteps: 6,
  epochs: 6,
  init: "uniform",
  checkpointEvery: 2,
  sampleEvery: 3,
  progress: true,
  clock: tickingClock(1e6),
};

/** A device that fails at the update of this number, or never. */
function failing(update?: number, kind: DeviceErrorKind = "lost"): Backend {
  let updates = 0;
  return withOps(openReference(), (ops) => ({
    finish: (x) => {
      if (++updates === update) throw new DeviceError(kind, "It is gone");
      ops.finish(x);
    },
  }));
}

/** Each event as far as the clock has no part in it. */
async function told(event: TrainEvent) {
  switch (event.type) {
    case "epoch":
      return timeless(event);
    case "checkpoint":
      return [event.reason, await encodeCheckpoint(event.checkpoint)];
    case "sample":
      return [event.epoch, event.isLast, ...event.model.parameters];
    case "progress":
      return [event.progress, event.count, event.loss];
  }
}

const events = async (all: AsyncIterable<TrainEvent>) =>
  await Array.fromAsync(all, told);

/** Opens these devices one after the other, then sound ones. */
function reopening(...devices: Backend[]) {
  let opened = 0;
  return {
    reopen: () => Promise.resolve(devices[opened++] ?? failing()),
    opened: () => opened,
  };
}

Deno.test("a training that loses its device gives each event once, as if nothing had been", async () => {
  const whole = await events(train(CORPUS, failing(), SMALL));
  for (const update of [1, 2, 8, 9, 17, 30, 40, 41]) {
    const { reopen, opened } = reopening();
    const options = { ...SMALL, reopen };
    const disturbed = await events(train(CORPUS, failing(update), options));
    assertEquals(opened(), 1);
    assertEquals(disturbed, whole, `lost at update ${update}`);
  }
  // Again while what was lost is trained again; and when it is resumed.
  const { reopen, opened } = reopening(failing(3), failing(9));
  const options = { ...SMALL, reopen };
  assertEquals(await events(train(CORPUS, failing(14), options)), whole);
  assertEquals(opened(), 3);
  const { reopen: next } = reopening();
  for await (const event of train(CORPUS, failing(), SMALL)) {
    if (event.type !== "checkpoint" || event.reason !== "due") continue;
    const rest = { ...SMALL, reopen: next };
    const { checkpoint } = event;
    const resumed = await events(resume(checkpoint, CORPUS, failing(5), rest));
    assertEquals(resumed, whole.slice(-resumed.length));
  }
});

/** A device whose reads end with its loss from the one of this number on. */
function silenced(read: number): Backend {
  const backend = openReference();
  let reads = 0;
  return {
    ...withOps(backend, () => ({})),
    read: (tensor) =>
      ++reads < read
        ? backend.read(tensor)
        : Promise.reject(new DeviceError("lost", "It is gone")),
  };
}

Deno.test("whatever is waited for when a device is lost, nothing is missed or told twice", async () => {
  const few = { ...SMALL, epochs: 3 };
  const whole = await events(train(CORPUS, failing(), few));
  for (let read = 1;; read++) {
    const { reopen, opened } = reopening();
    const options = { ...few, reopen };
    const disturbed = await events(train(CORPUS, silenced(read), options));
    assertEquals(disturbed, whole, `lost at read ${read}`);
    if (opened() === 0) break; // there were fewer
  }
});

Deno.test("the fourth loss within a minute ends a training, and a later one does not", async () => {
  const devices = () => [1, 2, 3, 4].map(() => failing(3));
  for (const [milliseconds, isEnd] of [[0, true], [10_000, false]] as const) {
    const { reopen, opened } = reopening(...devices());
    const clock = tickingClock(milliseconds);
    const training = train(CORPUS, failing(3), { ...SMALL, clock, reopen });
    if (isEnd) {
      await assertRejects(() => events(training), DeviceError, "It is gone");
      assertEquals(opened(), 3);
    } else {
      await events(training);
      assertEquals(opened(), 5);
    }
  }
});

Deno.test("only a device that is lost is replaced, if one can be opened", async () => {
  for (
    const kind of ["failed", "silent", "out-of-memory", "unavailable"] as const
  ) {
    const { reopen, opened } = reopening();
    const training = train(CORPUS, failing(3, kind), { ...SMALL, reopen });
    await assertRejects(() => events(training), DeviceError, "It is gone");
    assertEquals(opened(), 0);
  }
  await assertRejects(
    () => events(train(CORPUS, failing(3), SMALL)),
    DeviceError,
    "It is gone",
  );
  const reopen = () =>
    Promise.reject(new DeviceError("unavailable", "There is no other"));
  const { kind, message } = await assertRejects(
    () => events(train(CORPUS, failing(3), { ...SMALL, reopen })),
    DeviceError,
  );
  assertEquals(kind, "lost");
  assertStringIncludes(message, "It is gone. There is no other");
});

Deno.test({
  name: "webgpu: 20 losses at random dispatches leave no trace" +
    (WEBGPU.ignore ? ` (ignored: ${WEBGPU.ignore})` : ""),
  ignore: WEBGPU.ignore !== undefined,
  fn: () => torture.run({ seed: 1, count: 20, say: () => {} }),
});
