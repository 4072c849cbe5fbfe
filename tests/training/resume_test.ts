import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Backend } from "../../lib/backend/backend.ts";
import { CELL_NAMES } from "../../lib/model/cells.ts";
import { partition } from "../../lib/partition.ts";
import { tokenize } from "../../lib/tokenize.ts";
import { resume, train, type TrainOptions } from "../../lib/train.ts";
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
} from "../../lib/training/checkpoint.ts";
import type { EpochEvent, TrainEvent } from "../../lib/training/events.ts";
import { OPTIMIZER_NAMES } from "../../lib/training/optimizer.ts";
import { CPUS, REFERENCES, WEBGPU } from "../backend/devices.ts";
import { withOps } from "../backend/wrap.ts";
import { timeless } from "./run.ts";
import { testOn } from "../backend/test_on.ts";

const TEXT =
  "the time traveller for so it will be convenient to speak of him " +
  "was expounding a recondite matter to us his grey eyes shone";

const WHOLE = tokenize(TEXT);

/** The text, and its end held out. */
const SPLIT = {
  ...WHOLE,
  ids: WHOLE.ids.slice(0, 90),
  validation: WHOLE.ids.slice(90),
};

const SMALL: TrainOptions = {
  hiddenSize: 7,
  batchSize: 2,
  numSteps: 6,
  epochs: 4,
  init: "uniform",
  seed: 3,
};

/** All that the rest of a training gives: metrics, and its last checkpoint. */
interface Ending {
  readonly epochs: readonly EpochEvent[];
  readonly checkpoint: Checkpoint;
  readonly bytes: Uint8Array;
}

async function ending(
  events: AsyncIterable<TrainEvent>,
  reason: "last" | "stopped" = "last",
): Promise<Ending> {
  const epochs: EpochEvent[] = [];
  let checkpoint: Checkpoint | undefined;
  for await (const event of events) {
    if (event.type === "epoch") epochs.push(event);
    if (event.type !== "checkpoint" || event.reason !== reason) continue;
    checkpoint = event.checkpoint;
  }
  assert(checkpoint, `training did not end with the checkpoint "${reason}"`);
  return { epochs, checkpoint, bytes: await encodeCheckpoint(checkpoint) };
}

/** Trains until so many updates are done, and the bytes of what it leaves. */
async function stoppedAfter(
  updates: number,
  corpus: typeof SPLIT | typeof WHOLE,
  backend: Backend,
  options: TrainOptions,
): Promise<Ending> {
  const controller = new AbortController();
  let done = 0;
  const counting = withOps(backend, (ops) => ({
    finish: (x) => {
      ops.finish(x);
      if (++done === updates) controller.abort();
    },
  }));
  let now = 0;
  const events = train(corpus, counting, {
    ...options,
    signal: controller.signal,
    clock: () => now += 1e6, // one minibatch at a time
  });
  const stopped = await ending(events, "stopped");
  assertEquals(stopped.checkpoint.resumeData!.updates, updates);
  return stopped;
}

/** Stops at several points and resumes: the ending must be that of one that ran on. */
async function assertExact(
  backend: Backend,
  corpus: typeof SPLIT | typeof WHOLE,
  options: TrainOptions,
  stops: readonly number[],
): Promise<void> {
  const whole = await ending(train(corpus, backend, options));
  for (const updates of stops) {
    const stopped = await stoppedAfter(updates, corpus, backend, options);
    const checkpoint = await decodeCheckpoint(stopped.bytes);
    const rest = await ending(resume(checkpoint, corpus, backend));
    assertEquals(
      [...stopped.epochs, ...rest.epochs].map(timeless),
      whole.epochs.map(timeless),
      `the metrics of a stop after ${updates} updates`,
    );
    assertEquals(rest.bytes, whole.bytes, `the bytes after ${updates} updates`);
  }
}

const EVERYWHERE = ["sgd", "adam"] as const;
const SAMPLINGS = ["sequential", "random"] as const;

/** Behind the first minibatch, in an epoch's midst, at its end, on, and near the last. */
function stops(options: TrainOptions): number[] {
  const counts = [0, 1, 2, 3]
    .map((epoch) => partition(WHOLE.ids, { ...options, epoch }).count);
  const [first, second, third] = counts;
  return [1, 4, first, first + 1, first + second + third + 2];
}

for (const device of [REFERENCES[1], CPUS[1], WEBGPU]) {
  for (const cell of CELL_NAMES) {
    for (const optimizer of EVERYWHERE) {
      for (const sampling of SAMPLINGS) {
        const options = { ...SMALL, cell, optimizer, sampling };
        testOn(
          device,
          `resuming is exact: ${cell}, ${optimizer}, ${sampling}`,
          (backend) => assertExact(backend, WHOLE, options, stops(options)),
        );
      }
    }
  }
}

for (const device of [...REFERENCES, CPUS[0]]) {
  const all: TrainOptions = {
    ...SMALL,
    cell: "lstm",
    numLayers: 2,
    embeddingSize: 5,
    dropout: 0.3,
    optimizer: "adamw",
    weightDecay: 0.01,
    schedule: "cosine",
    warmup: 0.7,
    clipValue: 0.1,
    forgetBias: 1,
  };
  testOn(
    device,
    "resuming is exact with depth, embedding, dropout, a schedule and validation",
    (backend) => assertExact(backend, SPLIT, all, [1, 6, 7, 15, 20]),
  );
  for (const optimizer of OPTIMIZER_NAMES) {
    if (EVERYWHERE.some((one) => one === optimizer)) continue;
    testOn(
      device,
      `resuming is exact with ${optimizer}`,
      (backend) =>
        assertExact(backend, WHOLE, { ...SMALL, optimizer }, [5, 12]),
    );
  }
}

const [FLOAT64] = REFERENCES;

Deno.test("stopping while the held-out text is measured is exact too", async () => {
  using backend = await FLOAT64.open();
  const options = { ...SMALL, epochs: 3 };
  const whole = await ending(train(SPLIT, backend, options));
  const controller = new AbortController();
  let losses = 0;
  const counting = withOps(backend, (ops) => ({
    head: (x) => {
      ops.head(x);
      losses++;
    },
    finish: (x) => {
      ops.finish(x);
      // The seventh is the first epoch's last: the measuring comes next.
      if (++updates === 7) controller.abort();
    },
  }));
  let updates = 0, bytes: Uint8Array | undefined;
  const { signal } = controller;
  for await (const event of train(SPLIT, counting, { ...options, signal })) {
    assert(event.type !== "epoch", "the epoch's end was not reached");
    if (event.type !== "checkpoint") continue;
    assertEquals(event.checkpoint.progress.epochs, 0);
    bytes = await encodeCheckpoint(event.checkpoint);
  }
  assertEquals([updates, losses], [7, 7]);
  const checkpoint = await decodeCheckpoint(bytes!);
  const rest = await ending(resume(checkpoint, SPLIT, backend));
  assertEquals(rest.epochs.map(timeless), whole.epochs.map(timeless));
  assertEquals(rest.bytes, whole.bytes);
});

Deno.test("more epochs go on from the last", async () => {
  using backend = await FLOAT64.open();
  const six = await ending(train(WHOLE, backend, { ...SMALL, epochs: 6 }));
  const four = await ending(train(WHOLE, backend, SMALL));
  const checkpoint = await decodeCheckpoint(four.bytes);
  const rest = await ending(resume(checkpoint, WHOLE, backend, { epochs: 6 }));
  assertEquals(rest.bytes, six.bytes);
  assertEquals(rest.epochs.map(({ epoch }) => epoch), [5, 6]);
});

Deno.test("with another learning rate the optimizer's state is kept", async () => {
  using backend = await FLOAT64.open();
  const adam = { ...SMALL, optimizer: "adam", learningRate: 0.01 } as const;
  // In one go: a fall to a tenth after two of the four epochs.
  const falls = { schedule: "step", stepSize: 2, gamma: 0.1 } as const;
  const whole = await ending(train(WHOLE, backend, { ...adam, ...falls }));
  const two = await ending(train(WHOLE, backend, { ...adam, epochs: 2 }));
  const checkpoint = await decodeCheckpoint(two.bytes);
  const rest = await ending(
    resume(checkpoint, WHOLE, backend, { epochs: 4, learningRate: 0.001 }),
  );
  assertEquals(
    rest.epochs.map((event) => ({ ...timeless(event), learningRate: 0.001 })),
    whole.epochs.slice(2).map(timeless),
  );
  const weights = async (bytes: Uint8Array) =>
    (await decodeCheckpoint(bytes)).parameters;
  assertEquals(await weights(rest.bytes), await weights(whole.bytes));
  const { training } = await decodeCheckpoint(rest.bytes);
  assertEquals([training.epochs, training.learningRate], [4, 0.001]);
});

Deno.test("a schedule's course is that of all epochs, however often it is resumed", async () => {
  using backend = await FLOAT64.open();
  for (const schedule of ["cosine", "linear"] as const) {
    const settings = { ...SMALL, schedule, warmup: 0.5 };
    const twelve = await ending(
      train(WHOLE, backend, { ...settings, epochs: 12 }),
    );
    const rates: number[] = [];
    let { bytes } = await ending(
      train(WHOLE, backend, { ...settings, epochs: 3 }),
    );
    for (const epochs of [6, 12]) {
      const checkpoint = await decodeCheckpoint(bytes);
      const more = await ending(resume(checkpoint, WHOLE, backend, { epochs }));
      rates.push(...more.epochs.map(({ learningRate }) => learningRate));
      bytes = more.bytes;
    }
    assertEquals(rates.length, 9);
    // Those of the last part are those of a training that was planned so long.
    assertEquals(
      rates.slice(3),
      twelve.epochs.slice(6).map(({ learningRate }) => learningRate),
    );
    assert(rates[3] > rates[2], "at first they are higher than they were");
  }
});

Deno.test("patience may be changed, and counts over resumptions", async () => {
  using backend = await FLOAT64.open();
  const settings = { ...SMALL, epochs: 300, learningRate: 0.2 };
  const counted = async (
    patience: number,
  ) => (await ending(train(SPLIT, backend, { ...settings, patience })));
  const [three, six] = [await counted(3), await counted(6)];
  const checkpoint = await decodeCheckpoint(three.bytes);
  assert(checkpoint.progress.epochs < 300);
  const rest = await ending(
    resume(checkpoint, SPLIT, backend, { patience: 6 }),
  );
  assertEquals(rest.bytes, six.bytes);
  // Where it has waited long enough, nothing follows.
  const events = await Array.fromAsync(resume(checkpoint, SPLIT, backend));
  assertEquals(events, []);
});

Deno.test("a held-out text that has changed is refused", async () => {
  using backend = await FLOAT64.open();
  const { bytes } = await ending(train(SPLIT, backend, SMALL));
  const checkpoint = await decodeCheckpoint(bytes);
  const validation = SPLIT.validation.slice();
  [validation[0], validation[5]] = [validation[5], validation[0]];
  assert(validation[0] !== SPLIT.validation[0]);
  const going = (one: typeof checkpoint, corpus: typeof SPLIT) =>
    resume(one, corpus, backend, { epochs: 5 }).next();
  await assertRejects(
    () => going(checkpoint, { ...SPLIT, validation }),
    RangeError,
    "its held-out part is not the one",
  );
  await going(checkpoint, SPLIT);
  // Earlier versions did not keep its digest.
  const { validationSha256: _, ...corpus } = checkpoint.corpus;
  await going({ ...checkpoint, corpus }, { ...SPLIT, validation });
});

Deno.test("what cannot be resumed is refused", async () => {
  using backend = await FLOAT64.open();
  const { bytes } = await ending(train(WHOLE, backend, SMALL));
  const checkpoint = await decodeCheckpoint(bytes);
  const refused = (
    one: typeof checkpoint,
    corpus: typeof WHOLE,
    message: string,
    epochs?: number,
  ) =>
    assertRejects(
      () => resume(one, corpus, backend, { epochs }).next(),
      RangeError,
      message,
    );
  await assertRejects(
    () =>
      resume({ ...checkpoint, resumeData: undefined }, WHOLE, backend).next(),
    TypeError,
    "not what resuming its training needs",
  );
  await refused(checkpoint, tokenize(TEXT.replace("grey", "gray")), "the text");
  await refused(checkpoint, SPLIT, "the text");
  await refused(checkpoint, WHOLE, "4 are already done", 3);
});
