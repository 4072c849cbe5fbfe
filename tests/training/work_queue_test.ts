import { assert, assertEquals } from "@std/assert";
import type { Backend } from "../../lib/backend/backend.ts";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { partition } from "../../lib/partition.ts";
import { tokenize } from "../../lib/tokenize.ts";
import type { TrainOptions } from "../../lib/train.ts";
import { encodeCheckpoint } from "../../lib/training/checkpoint.ts";
import { DivergenceError } from "../../lib/training/events.ts";
import { learningRateAt } from "../../lib/training/learning_rate.ts";
import { withDefaults } from "../../lib/training/settings.ts";
import { withOps } from "../backend/wrap.ts";
import { run, tickingClock, timeless } from "./run.ts";

const TEXT =
  "the time traveller for so it will be convenient to speak of him " +
  "was expounding a recondite matter to us his grey eyes shone";
const SPLIT = tokenize(TEXT, { validation: 0.2 });
const WHOLE = tokenize(TEXT);

const SMALL: TrainOptions = {
  hiddenSize: 5,
  batchSize: 2,
  numSteps: 6,
  epochs: 12,
  init: "uniform",
  seed: 2,
};

/** Chunks that grow as far as can be, and chunks of a minibatch each. */
const CLOCKS = [tickingClock(0), tickingClock(30), tickingClock(1e6)];

/**
 * A device that is done with a read once something is queued behind it or, if nothing
 * is, after a while; how many minibatches were queued when each began and ended.
 */
function slow() {
  const backend = openReference();
  const reads: { begun: number; ended: number }[] = [];
  let updates = 0, queued = 0;
  const slowed: Backend = {
    ...withOps(backend, (ops) => ({
      finish: (x) => {
        ops.finish(x);
        updates++;
      },
      head: (x) => {
        ops.head(x);
        queued++;
      },
    })),
    read: async (tensor) => {
      const read = { begun: queued, ended: 0 };
      reads.push(read);
      const values = backend.read(tensor);
      for (let tries = 0; tries < 10 && queued === read.begun; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      read.ended = queued;
      return values;
    },
  };
  return {
    backend: slowed,
    reads,
    updates: () => updates,
    queued: () => queued,
  };
}

Deno.test("the next chunk is queued before the last one is waited for", async () => {
  for (const corpus of [WHOLE, SPLIT]) {
    for (const clock of CLOCKS) {
      const { backend, reads, queued } = slow();
      await run(corpus, backend, { ...SMALL, clock });
      const all = queued();
      const isLast = ({ begun }: typeof reads[0]) => begun === all;
      const idle = reads.filter((read) => read.ended === read.begun);
      assert(reads.some((read) => !isLast(read)));
      assertEquals(idle.filter((read) => !isLast(read)), []);
    }
  }
});

Deno.test("an epoch with a text held out costs one wait at most", async () => {
  const { backend, reads } = slow();
  const options = { ...SMALL, epochs: 40, clock: tickingClock(0) };
  const { epochs } = await run(SPLIT, backend, options);
  assertEquals(epochs.length, 40);
  assert(epochs.every(({ validation }) => validation !== undefined));
  // The chunks grow from a minibatch on, and the last two checkpoints are read.
  const growing = 3, checkpoints = 2 * 2;
  assert(
    reads.length <= epochs.length + growing + checkpoints,
    `${reads.length} reads`,
  );
});

Deno.test("what is trained past a stop by patience is dropped", async () => {
  const patient = { ...SMALL, epochs: 300, patience: 3, learningRate: 0.5 };
  for (const clock of CLOCKS) {
    const { backend, updates } = slow();
    const stopped = await run(SPLIT, backend, { ...patient, clock });
    const { epochs } = stopped.checkpoint.progress;
    assert(epochs > 3 && epochs < 300, `it ended after ${epochs}`);
    const { resumeData, training } = stopped.checkpoint;
    assert(updates() > resumeData!.updates, "nothing was queued past the stop");
    // A training that was planned to end there.
    const planned = { ...patient, epochs, patience: 0 };
    using reference = openReference();
    const whole = await run(SPLIT, reference, planned);
    assertEquals(stopped.epochs.map(timeless), whole.epochs.map(timeless));
    for (const part of ["checkpoint", "bests"] as const) {
      const [one] = [stopped[part]].flat(), [other] = [whole[part]].flat();
      assertEquals(
        await encodeCheckpoint(one),
        await encodeCheckpoint({ ...other, training }),
      );
    }
  }
});

/** A training in which each update has a learning rate of its own. */
const FALLING: TrainOptions = {
  ...SMALL,
  epochs: 5,
  schedule: "linear",
  offset: 0,
  optimizer: "adam",
};

/** The device, on which the gradient of some updates, from 1 on, is not finite. */
function withBadUpdates(backend: Backend, bad: readonly number[]): Backend {
  const training = withDefaults(FALLING);
  const { count } = partition(SPLIT.ids, { ...training, offset: 0 });
  const rates = new Set(
    bad.map((n) => learningRateAt(training, (n - 1) / count, 1 / count)),
  );
  assertEquals(rates.size, bad.length);
  return withOps(backend, (ops) => ({
    finish: (x) => {
      if (rates.has(x.learningRate)) {
        ops.fill({ tensor: x.gradients.view(0, [1]), value: Infinity });
      }
      ops.finish(x);
    },
  }));
}

Deno.test("three bad minibatches end training where it is, whatever was queued behind them", async () => {
  const { count } = partition(SPLIT.ids, { ...FALLING, offset: 0 });
  // In the midst of an epoch, and across the end of one.
  for (const third of [2 * count + 4, 3 * count, 3 * count + 1]) {
    const bad = [third - 2, third - 1, third];
    const results = [];
    for (const checkpointEvery of [0, 1]) {
      for (const clock of CLOCKS) {
        const { backend, updates } = slow();
        const { error, epochs, bytes, checkpoint, bests } = await run(
          SPLIT,
          withBadUpdates(backend, bad),
          { ...FALLING, clock, checkpointEvery },
        );
        assert(error instanceof DivergenceError, `${error}`);
        assert(updates() > third, "nothing was queued behind it");
        assertEquals(checkpoint.resumeData!.updates, third);
        assertEquals(checkpoint.resumeData!.skippedInRow, 3);
        const best = await encodeCheckpoint(bests.at(-1)!);
        results.push({ epochs: epochs.map(timeless), bytes, best });
      }
    }
    for (const result of results) assertEquals(result, results[0]);
    // The parameters are those of a training that has come to the two before it.
    const { backend } = slow();
    const controller = new AbortController();
    let updates = 0;
    const stopping = withOps(backend, (ops) => ({
      finish: (x) => {
        ops.finish(x);
        if (++updates === third - 3) controller.abort();
      },
    }));
    const { signal } = controller;
    const good = await run(SPLIT, stopping, { ...FALLING, signal });
    const { parameters } = good.checkpoint;
    const { checkpoint } = await run(
      SPLIT,
      withBadUpdates(openReference(), bad),
      FALLING,
    );
    assertEquals([...checkpoint.parameters], [...parameters]);
    assertEquals(
      [...checkpoint.resumeData!.moments],
      [...good.checkpoint.resumeData!.moments],
    );
  }
});
