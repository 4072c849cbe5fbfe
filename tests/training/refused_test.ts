import { assert, assertEquals } from "@std/assert";
import type { Backend } from "../../lib/backend/backend.ts";
import { sizeOf } from "../../lib/backend/shapes.ts";
import type { ModelConfig } from "../../lib/model/config.ts";
import { LanguageModel } from "../../lib/model/language_model.ts";
import { initializeParameters } from "../../lib/model/parameters.ts";
import { tokenize } from "../../lib/tokenize.ts";
import { resume, train, type TrainOptions } from "../../lib/train.ts";
import {
  decodeCheckpoint,
  encodeCheckpoint,
} from "../../lib/training/checkpoint.ts";
import { ChunkRunner } from "../../lib/training/chunk_runner.ts";
import { Optimizer } from "../../lib/training/optimizer.ts";
import { schedule, takeChunk } from "../../lib/training/schedule.ts";
import { withDefaults } from "../../lib/training/settings.ts";
import type { EpochEvent, TrainEvent } from "../../lib/training/events.ts";
import { CPUS, REFERENCES, WEBGPU } from "../backend/devices.ts";
import { withOps } from "../backend/wrap.ts";
import { timeless } from "./run.ts";
import { testOn } from "../backend/test_on.ts";

const CORPUS = tokenize(
  "the time traveller for so it will be convenient to speak of him " +
    "was expounding a recondite matter to us his grey eyes shone",
);

/** A layer whose states have no bound, stacked on another. */
const RELU: TrainOptions = {
  activation: "relu",
  numLayers: 2,
  hiddenSize: 7,
  batchSize: 2,
  numSteps: 6,
  epochs: 3,
  init: "uniform",
  seed: 3,
};

/** The backend, but that the states of the n-th minibatch, from 0 on, overflow. */
function overflowing(backend: Backend, n: number): Backend {
  let layers = 0;
  return withOps(backend, (ops) => ({
    rnn: (x) => {
      ops.rnn(x);
      if (Math.floor(layers++ / 2) !== n) return;
      backend.write(x.output, new Array(sizeOf(x.output.shape)).fill(Infinity));
    },
  }));
}

/** Every event's epoch, and the last checkpoint's bytes. */
async function gather(events: AsyncIterable<TrainEvent>) {
  const epochs: EpochEvent[] = [];
  let bytes: Uint8Array = new Uint8Array();
  for await (const event of events) {
    if (event.type === "epoch") epochs.push(event);
    if (event.type !== "checkpoint") continue;
    bytes = await encodeCheckpoint(event.checkpoint);
  }
  return { epochs, bytes, checkpoint: await decodeCheckpoint(bytes) };
}

const areFinite = (tensors: Iterable<Float32Array | Float64Array>) =>
  [...tensors].every((values) => values.every(Number.isFinite));

for (const device of [...REFERENCES, CPUS[1], WEBGPU]) {
  const test = (what: string, run: (backend: Backend) => Promise<void>) =>
    testOn(device, what, run);

  test("training goes on after states at the edge of overflow", async (backend) => {
    const training = withDefaults({ ...RELU, learningRate: 0.01 });
    const config: ModelConfig = {
      cell: "rnn",
      activation: "relu",
      vocabularySize: CORPUS.vocabulary.tokens.length,
      hiddenSize: 7,
      numLayers: 2,
    };
    using model = new LanguageModel(backend, config, {
      ...training,
      trains: true,
    });
    using optimizer = new Optimizer(backend, model, training);
    using runner = new ChunkRunner(backend, model, optimizer, training);
    const settings = { seed: 1, sigma: 2 };
    model.write(initializeParameters(config, settings));
    const h = (await model.readStates()).get("h")!;
    const most = h instanceof Float64Array ? 1e308 : 3e38;
    model.writeStates(new Map([["h", h.fill(most)]]));
    const progress = { epochs: 0, minibatches: 1, tokens: 0 };
    const steps = schedule(CORPUS.ids, training, progress);
    // In one chunk: nothing is read back between them.
    const chunk = takeChunk(steps, 4, () => false);
    const results = await runner.run(chunk, 0);
    assertEquals(
      results.map(({ norm }) => Number.isFinite(norm)),
      [false, true, true, true],
    );
    assert(areFinite((await model.readStates()).values()));
    assert(areFinite((await model.read()).values()));
  });

  test("one minibatch that overflows is skipped, and no more", async (backend) => {
    const run = await gather(train(CORPUS, overflowing(backend, 4), RELU));
    assertEquals(run.epochs.map(({ skipped }) => skipped), [1, 0, 0]);
    const { parameters, resumeData } = run.checkpoint;
    assert(areFinite(parameters.values()));
    assert(areFinite(resumeData!.states.values()));
  });

  test("resuming behind a minibatch that was skipped is exact", async (backend) => {
    const whole = await gather(train(CORPUS, overflowing(backend, 4), RELU));
    for (const updates of [4, 5, 6]) {
      const controller = new AbortController();
      const { signal } = controller;
      let done = 0, now = 0;
      const stopping = withOps(overflowing(backend, 4), (ops) => ({
        finish: (x) => {
          ops.finish(x);
          if (++done === updates) controller.abort();
        },
      }));
      const clock = () => now += 1e6; // one minibatch at a time
      const cut = await gather(
        train(CORPUS, stopping, { ...RELU, signal, clock }),
      );
      assertEquals(cut.checkpoint.resumeData!.updates, updates);
      const rest = await gather(
        resume(cut.checkpoint, CORPUS, overflowing(backend, 4 - updates)),
      );
      assertEquals(
        [...cut.epochs, ...rest.epochs].map(timeless),
        whole.epochs.map(timeless),
      );
      assertEquals(rest.bytes, whole.bytes, `after ${updates} updates`);
    }
  });
}
