import { assert, assertEquals } from "@std/assert";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { evaluate } from "../../lib/evaluate.ts";
import { tokenize } from "../../lib/tokenize.ts";
import { resume, train, type TrainOptions } from "../../lib/train.ts";
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
} from "../../lib/training/checkpoint.ts";
import type { TrainEvent } from "../../lib/training/events.ts";
import { withOps } from "../backend/wrap.ts";

const CORPUS = tokenize(
  "the time traveller for so it will be convenient to speak of him " +
    "was expounding a recondite matter to us his grey eyes shone",
  { validation: 0.2 },
);

const SMALL: TrainOptions = {
  hiddenSize: 6,
  batchSize: 1,
  numSteps: 8,
  epochs: 3,
  init: "uniform",
};

Deno.test("the held-out text is measured as evaluate does, with nothing dropped", async () => {
  using backend = openReference();
  const options = {
    ...SMALL,
    cell: "lstm",
    numLayers: 2,
    dropout: 0.5,
  } as const;
  const every = { ...options, checkpointEvery: 1 };
  let measured = NaN, compared = 0;
  for await (const event of train(CORPUS, backend, every)) {
    if (event.type === "epoch") measured = event.validation!.loss;
    if (event.type !== "checkpoint" || event.reason === "best") continue;
    const { checkpoint } = event;
    const held = { ...CORPUS, ids: CORPUS.validation! };
    const { loss } = await evaluate(checkpoint, held, backend);
    // The same sums in other pieces: float64 rounds a few of them.
    assert(Math.abs(loss - measured) < 1e-12, `${measured}, evaluated ${loss}`);
    assertEquals(checkpoint.validationLoss, measured);
    compared++;
  }
  assertEquals(compared, 3);
});

Deno.test("every layer of every minibatch has a mask of its own, backwards the same", async () => {
  const places: string[] = [];
  using reference = openReference();
  const backend = withOps(reference, (ops) => ({
    dropout: (x) => {
      places.push([...x.counter, ...x.key].join());
      ops.dropout(x);
    },
  }));
  const options = { ...SMALL, numLayers: 3, dropout: 0.5, seed: 7 };
  let minibatches = 0;
  for await (const event of train(CORPUS, backend, options)) {
    if (event.type === "epoch") minibatches += event.losses.length;
  }
  const times = Map.groupBy(places, (place) => place);
  assertEquals(times.size, 2 * minibatches);
  // Once forwards and once backwards; what is held out meets none.
  for (const { length } of times.values()) assertEquals(length, 2);
});

/** The kinds of events, with epochs, and the last checkpoint. */
async function gather(events: AsyncIterable<TrainEvent>) {
  const kinds: string[] = [];
  let checkpoint: Checkpoint | undefined, best: Checkpoint | undefined;
  for await (const event of events) {
    if (event.type === "epoch") kinds.push(`epoch ${event.epoch}`);
    if (event.type === "sample") {
      kinds.push(`${event.isLast ? "last " : ""}sample ${event.epoch}`);
    }
    if (event.type !== "checkpoint") continue;
    kinds.push(event.reason);
    if (event.reason === "best") best = event.checkpoint;
    else checkpoint = event.checkpoint;
  }
  return { kinds, checkpoint: checkpoint!, best };
}

Deno.test("training ends when the held-out text has not been better for a while, resumed or not", async () => {
  using backend = openReference();
  const options = {
    ...SMALL,
    epochs: 300,
    patience: 4,
    learningRate: 0.1,
    checkpointEvery: 1,
  };
  const whole = await gather(train(CORPUS, backend, options));
  const best = whole.kinds.lastIndexOf("best");
  assertEquals(
    whole.kinds.slice(best + 1).filter((kind) => kind.startsWith("epoch"))
      .length,
    4,
  );
  assertEquals(whole.kinds.at(-1), "last");
  assert(best > 5, "it gets better at first");
  const { epochs } = whole.checkpoint.progress;
  assertEquals(whole.checkpoint.resumeData!.best!.epoch, epochs - 4);
  assertEquals(whole.best!.progress.epochs, epochs - 4);
  assertEquals(whole.best!.validationLoss, whole.best!.resumeData!.best!.loss);

  // Stopped two epochs behind the best: the best must not be forgotten.
  const controller = new AbortController();
  const cut = await gather((async function* () {
    const { signal } = controller;
    for await (const event of train(CORPUS, backend, { ...options, signal })) {
      if (event.type === "epoch" && event.epoch === epochs - 2) {
        controller.abort();
      }
      yield event;
    }
  })());
  assertEquals(cut.kinds.at(-1), "stopped");
  const bytes = await encodeCheckpoint(cut.checkpoint);
  const rest = await gather(
    resume(await decodeCheckpoint(bytes), CORPUS, backend, {
      checkpointEvery: 1,
    }),
  );
  assertEquals([...cut.kinds.slice(0, -1), ...rest.kinds], whole.kinds);
  assertEquals(
    await encodeCheckpoint(rest.checkpoint),
    await encodeCheckpoint(whole.checkpoint),
  );
});

Deno.test("samples and checkpoints come when they are asked for, a sample before what saves it", async () => {
  using backend = openReference();
  const { validation: _, ...corpus } = CORPUS;
  const options = { ...SMALL, epochs: 5, sampleEvery: 2, checkpointEvery: 3 };
  const { kinds } = await gather(train(corpus, backend, options));
  assertEquals(kinds.filter((kind) => kind !== "best"), [
    ...["epoch 1", "epoch 2", "sample 2", "epoch 3", "due"],
    ...["epoch 4", "sample 4", "epoch 5", "last sample 5", "last"],
  ]);
});

Deno.test("checkpoints by time follow the clock, in the midst of an epoch too", async () => {
  using backend = openReference();
  const { validation: _, ...corpus } = CORPUS;
  let now = 0;
  const options = {
    ...SMALL,
    epochs: 2,
    checkpointSeconds: 5,
    clock: () => now += 1000, // a chunk looks at the clock four times
  };
  const positions: number[] = [];
  let inMidst = 0;
  for await (const event of train(corpus, backend, options)) {
    if (event.type !== "checkpoint" || event.reason !== "due") continue;
    positions.push(event.checkpoint.resumeData!.updates);
    if (event.checkpoint.resumeData!.measured.length > 0) inMidst++;
  }
  assert(positions.length > 3 && inMidst > 2, `${positions}`);
  assertEquals(new Set(positions).size, positions.length);
});
