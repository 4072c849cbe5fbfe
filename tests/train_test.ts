import { assert, assertEquals, assertRejects } from "@std/assert";
import { openReference } from "../lib/backend/reference/reference_backend.ts";
import { initializeParameters } from "../lib/model/parameters.ts";
import { tokenize } from "../lib/tokenize.ts";
import { train, type TrainOptions } from "../lib/train.ts";
import { encodeCheckpoint } from "../lib/training/checkpoint.ts";
import { withCount, withOps } from "./backend/wrap.ts";
import {
  freezeAll,
  run,
  SMALL,
  tickingClock,
  timeless,
} from "./training/run.ts";

const CORPUS = tokenize(
  "the time traveller for so it will be convenient to speak of him " +
    "was expounding a recondite matter to us his grey eyes shone",
);

const open = () => openReference({ precision: "float32" });

Deno.test("equal options give equal events and bytes, another seed others", async () => {
  using backend = open();
  for (const sampling of ["sequential", "random"] as const) {
    const options = { ...SMALL, sampling };
    const one = await run(CORPUS, backend, options);
    const two = await run(CORPUS, backend, options);
    assertEquals(two.bytes, one.bytes);
    assertEquals(two.epochs.map(timeless), one.epochs.map(timeless));
    const other = await run(CORPUS, backend, { ...options, seed: 2 });
    const loss = (one: typeof other) => one.checkpoint.loss;
    assert(loss(other) !== loss(one));
  }
});

Deno.test("how fast the clock runs changes nothing but the seconds", async () => {
  using backend = open();
  const options = { ...SMALL, epochs: 40, checkpointEvery: 7 };
  const runs = [];
  // Chunks as long as can be, of one minibatch each, and of sizes that change.
  let reading = 0;
  const uneven = () => reading += reading % 7 * 20;
  const clocks = [tickingClock(0), tickingClock(1e6), tickingClock(30), uneven];
  for (const clock of clocks) {
    let writes = 0;
    const counting = {
      ...backend,
      write: (...args: Parameters<typeof backend.write>) => {
        writes++;
        backend.write(...args);
      },
    };
    const result = await run(CORPUS, counting, { ...options, clock });
    const bytes = await Promise.all(result.checkpoints.map(encodeCheckpoint));
    runs.push({ ...result, all: bytes, writes });
  }
  const [fast, slow] = runs;
  assert(slow.writes > 5 * fast.writes, "the clocks did not change the chunks");
  for (const other of runs) {
    assertEquals(other.order, fast.order);
    assertEquals(other.all, fast.all);
    assertEquals(other.epochs.map(timeless), fast.epochs.map(timeless));
  }
});

Deno.test("checkpoints come every so many epochs and at the end, once", async () => {
  using backend = open();
  const order = async (checkpointEvery: number) =>
    (await run(CORPUS, backend, { ...SMALL, checkpointEvery })).order.join();
  const upTo = (n: number) => `checkpoint ${n}`;
  assertEquals(
    await order(2),
    `epoch 1,epoch 2,${upTo(2)},epoch 3,epoch 4,${upTo(4)},epoch 5,${upTo(5)}`,
  );
  for (const checkpointEvery of [0, 5, 7]) {
    assertEquals(
      await order(checkpointEvery),
      `epoch 1,epoch 2,epoch 3,epoch 4,epoch 5,${upTo(5)}`,
    );
  }
});

Deno.test("a checkpoint on the way is what a shorter training ends with", async () => {
  using backend = open();
  const { checkpoints } = await run(CORPUS, backend, {
    ...SMALL,
    checkpointEvery: 2,
  });
  const shorter = await run(CORPUS, backend, { ...SMALL, epochs: 2 });
  // All but how many epochs were planned.
  const { training } = checkpoints[0];
  const same = { ...shorter.checkpoint, training };
  assertEquals(
    await encodeCheckpoint(checkpoints[0]),
    await encodeCheckpoint(same),
  );
});

Deno.test("an epoch's measurements are those of its minibatches", async () => {
  using backend = open();
  const { epochs, checkpoint } = await run(CORPUS, backend, SMALL);
  let tokens = 0;
  for (const [i, event] of epochs.entries()) {
    const { losses, gradientNorms } = event;
    const n = losses.length;
    assertEquals(event.epoch, i + 1);
    assertEquals(gradientNorms.length, n);
    assertEquals(event.tokens, n * 2 * 8);
    const sum = (values: readonly number[]) =>
      values.reduce((total, value) => total + value, 0);
    // All minibatches have as many tokens, so that weights fall out but for
    // rounding: a few U = 2^-53 of numbers near 3, and of exp(3) near 20.
    const near = (a: number, b: number) => assert(Math.abs(a - b) < 1e-13 * n);
    near(event.loss, sum(losses.map((loss) => loss * 16)) / (16 * n));
    near(event.perplexity, Math.exp(event.loss));
    near(event.gradientNorm, sum(gradientNorms) / n);
    assertEquals(event.learningRate, 1);
    assertEquals(event.skipped, 0);
    tokens += event.tokens;
  }
  assertEquals(checkpoint.progress, { epochs: 5, minibatches: 0, tokens });
  assertEquals(checkpoint.loss, epochs[4].loss);
  assertEquals(checkpoint.corpus.tokens, CORPUS.ids.length);
});

Deno.test("a signal ends training with a last checkpoint of what was done", async () => {
  using backend = open();
  const options = { ...SMALL, epochs: 1000, clock: tickingClock(0) };
  const controller = new AbortController();
  const { signal } = controller;
  let seen = 0, last;
  for await (const event of train(CORPUS, backend, { ...options, signal })) {
    last = event;
    if (event.type === "epoch" && ++seen === 3) controller.abort();
  }
  assert(last?.type === "checkpoint");
  const { progress, parameters } = last.checkpoint;
  assert(progress.epochs >= 3 && progress.epochs < 1000);
  // To the very minibatch: the same number of tokens seen one at a time.
  const again = new AbortController();
  const counted = withOps(backend, (ops) => {
    let updates = 0;
    return {
      finish: (x) => {
        ops.finish(x);
        if (++updates * 16 === progress.tokens) again.abort();
      },
    };
  });
  const { checkpoint } = await run(CORPUS, counted, {
    ...options,
    clock: tickingClock(1e6), // one minibatch at a time
    signal: again.signal,
  });
  assertEquals(checkpoint.progress, progress);
  assertEquals([...checkpoint.parameters], [...parameters]);
});

Deno.test("a signal given before the start gives the initial parameters", async () => {
  using backend = open();
  const signal = AbortSignal.abort();
  const { order, checkpoint } = await run(CORPUS, backend, {
    ...SMALL,
    signal,
  });
  assertEquals(order, ["checkpoint 0"]);
  assertEquals(checkpoint.progress.tokens, 0);
  assert(Number.isNaN(checkpoint.loss));
  const initial = initializeParameters(checkpoint.config, {
    seed: 1,
    sigma: 0.3,
  });
  assertEquals([...checkpoint.parameters], [...initial]);
});

Deno.test("every tensor is freed, however training ends", async () => {
  const endings: [string, TrainOptions, stopAt: number][] = [
    ["by itself", {}, Infinity],
    ["by break", {}, 3],
    ["by a signal", { signal: AbortSignal.abort() }, Infinity],
    ["by a text too short", { batchSize: 99 }, Infinity],
    ["by a batch size of 0", { batchSize: 0 }, Infinity],
    ["by parameters of another size", { parameters: new Map() }, Infinity],
  ];
  for (const [how, options, stopAt] of endings) {
    const { backend, held, allocated } = withCount(open());
    let events = 0;
    try {
      const all = { ...SMALL, ...options };
      for await (const _ of train(CORPUS, backend, all)) {
        assert(held.size > 0);
        if (++events === stopAt) break;
      }
    } catch (error) {
      assert(error instanceof RangeError, `${how}: ${error}`);
    }
    assertEquals(held.size, 0, how);
    if (events > 0) assert(allocated() > 0);
  }
});

Deno.test("nothing is done before the first event is asked for", () => {
  const { backend, allocated } = withCount(open());
  train(CORPUS, backend, { ...SMALL, learningRate: -1 });
  assertEquals(allocated(), 0);
});

Deno.test("training changes none of its arguments", async () => {
  using backend = open();
  const parameters = initializeParameters({
    cell: "rnn",
    activation: "tanh",
    vocabularySize: CORPUS.vocabulary.tokens.length,
    hiddenSize: 5,
    numLayers: 1,
  }, { seed: 9, sigma: 0.1 });
  const corpus = structuredClone(CORPUS), copies = structuredClone(parameters);
  freezeAll(CORPUS);
  const options = freezeAll({ ...SMALL, checkpointEvery: 1, parameters });
  const { checkpoints } = await run(CORPUS, backend, options);
  assertEquals(CORPUS, corpus);
  assertEquals([...parameters], [...copies]);
  // And no checkpoint is changed by what comes after it.
  assert(checkpoints[0].parameters !== checkpoints[1].parameters);
  const weights = checkpoints.map(({ parameters }) =>
    parameters.get("linear.weight")!.join()
  );
  assertEquals(new Set(weights).size, weights.length);
});

Deno.test("settings out of their range are refused by name", async () => {
  using backend = open();
  const bad: [TrainOptions, string][] = [
    [{ learningRate: 0 }, "learning rate of 0: expected a number above 0"],
    [{ learningRate: NaN }, "learning rate of NaN"],
    [{ clipNorm: -1 }, "clip norm of -1: expected a number of at least 0"],
    [
      { epochs: 0 },
      "number of epochs of 0: expected a whole number of at least 1",
    ],
    [{ epochs: 1.5 }, "number of epochs of 1.5"],
    [{ checkpointEvery: -1 }, "checkpointEvery -1"],
    [{ hiddenSize: 0 }, "hidden size 0"],
    [{ numLayers: 0.5 }, "number of layers 0.5"],
    [{ batchSize: 0 }, "batch size 0"],
    [{ numSteps: -3 }, "number of steps -3"],
    [{ batchSize: 50 }, "The text is too short"],
    [{ sigma: -1 }, "sigma of -1"],
    [{ seed: -1 }, "seed -1"],
    [{ offset: 0.5 }, "offset 0.5"],
  ];
  for (const [change, message] of bad) {
    const options = { ...SMALL, ...change };
    await assertRejects(
      () => train(CORPUS, backend, options).next(),
      RangeError,
      message,
    );
  }
});
