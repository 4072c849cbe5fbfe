import { assert, assertEquals } from "@std/assert";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { tokenize } from "../../lib/tokenize.ts";
import { resume, train, type TrainOptions } from "../../lib/train.ts";
import {
  type Checkpoint,
  encodeCheckpoint,
} from "../../lib/training/checkpoint.ts";
import type { TrainEvent } from "../../lib/training/events.ts";
import { tickingClock, timeless } from "./run.ts";

const CORPUS = tokenize(
  "the time traveller for so it will be convenient to speak of him " +
    "was expounding a recondite matter to us his grey eyes shone",
);

/** One minibatch a chunk: an event after each of them. */
const SLOW: TrainOptions = {
  hiddenSize: 5,
  batchSize: 2,
  numSteps: 8,
  epochs: 3,
  sigma: 0.3,
  clock: tickingClock(1e6),
};

async function all(events: AsyncIterable<TrainEvent>): Promise<TrainEvent[]> {
  const gathered: TrainEvent[] = [];
  for await (const event of events) gathered.push(event);
  return gathered;
}

Deno.test("progress: each chunk within an epoch says how far it is, and its loss", async () => {
  using backend = openReference();
  const events = await all(train(CORPUS, backend, { ...SLOW, progress: true }));
  let waiting: (TrainEvent & { type: "progress" })[] = [];
  let epochs = 0, tokens = 0;
  for (const event of events) {
    if (event.type === "progress") waiting.push(event);
    if (event.type !== "epoch") continue;
    const { losses } = event;
    const expected = losses.slice(0, -1).map((_, i) => ({
      type: "progress",
      progress: {
        epochs,
        minibatches: i + 1,
        tokens: tokens + (i + 1) * 16,
      },
      count: losses.length,
      loss: losses.slice(0, i + 1).reduce((a, b) => a + b) / (i + 1),
      // Those of a minibatch, by two ticks: until it is queued, and until it is done.
      tokensPerSecond: 16 / 2000,
    }));
    assert(expected.length > 3);
    assertEquals(waiting, expected);
    waiting = [];
    epochs++;
    tokens += event.tokens;
  }
  assertEquals([epochs, waiting], [3, []]);
});

Deno.test("progress is given only when asked for, and changes nothing else", async () => {
  using backend = openReference();
  const without = await all(train(CORPUS, backend, SLOW));
  assert(!without.some(({ type }) => type === "progress"));
  const with_ = await all(train(CORPUS, backend, { ...SLOW, progress: true }));
  const results = (events: readonly TrainEvent[]) =>
    Promise.all(
      events.filter(({ type }) => type !== "progress").map((event) =>
        event.type === "epoch"
          ? timeless(event)
          : event.type === "checkpoint"
          ? encodeCheckpoint(event.checkpoint)
          : event
      ),
    );
  assertEquals(await results(with_), await results(without));
});

Deno.test("progress after a resumption counts the epoch from its beginning", async () => {
  using backend = openReference();
  const controller = new AbortController();
  const options = { ...SLOW, progress: true };
  const whole = await all(train(CORPUS, backend, options));
  let stopped: Checkpoint | undefined;
  const first = train(CORPUS, backend, {
    ...options,
    signal: controller.signal,
  });
  const before: TrainEvent[] = [];
  for await (const event of first) {
    if (event.type === "checkpoint") stopped = event.checkpoint;
    else before.push(event);
    if (event.type === "progress" && event.progress.minibatches === 2) {
      controller.abort();
    }
  }
  const { clock } = SLOW;
  const rest = resume(stopped!, CORPUS, backend, { clock, progress: true });
  const isProgress = ({ type }: TrainEvent) => type === "progress";
  assertEquals(
    [...before, ...await all(rest)].filter(isProgress),
    whole.filter(isProgress),
  );
});
