import { assert, assertEquals } from "@std/assert";
import { openReference } from "../lib/backend/reference/reference_backend.ts";
import { evaluate } from "../lib/evaluate.ts";
import { generate } from "../lib/generate.ts";
import { tokenize } from "../lib/tokenize.ts";
import type { TrainOptions } from "../lib/train.ts";
import { DivergenceError } from "../lib/training/events.ts";
import { decodeCheckpoint } from "../lib/training/checkpoint.ts";
import { elements, withOps } from "./backend/wrap.ts";
import { run, SMALL, tickingClock } from "./training/run.ts";

const SENTENCE =
  "the time traveller for so it will be convenient to speak of him " +
  "was expounding a recondite matter to us";
const CORPUS = tokenize(SENTENCE);

const open = () => openReference({ precision: "float32" });

Deno.test("a model learns a sentence by heart, and its file goes on with it", async () => {
  using backend = open();
  const { epochs, bytes } = await run(CORPUS, backend, {
    hiddenSize: 32,
    batchSize: 1,
    numSteps: 17, // 6 minibatches: the state has to be carried
    epochs: 100,
    sigma: 0.2,
    offset: 0,
  });
  // 1.0067 here; 1 would be to know every next character for certain.
  assert(epochs[99].perplexity < 1.05, `${epochs[99].perplexity}`);
  const checkpoint = await decodeCheckpoint(bytes);
  const { perplexity } = await evaluate(checkpoint, CORPUS, backend);
  assert(perplexity < 1.05, `${perplexity}`);
  for (const prefix of ["t", "the time ", SENTENCE.slice(0, 60)]) {
    const maxNewTokens = 100 - prefix.length;
    let text = "";
    for await (
      const piece of generate(checkpoint, prefix, backend, { maxNewTokens })
    ) {
      text += piece;
    }
    assertEquals(text, SENTENCE.slice(0, 100));
  }
});

Deno.test("training starts at the perplexity of a guess", async () => {
  using backend = open();
  const { epochs } = await run(CORPUS, backend, {
    ...SMALL,
    epochs: 1,
    sigma: 1e-4,
  });
  // All logits are near 0: every token is as likely as every other.
  const first = Math.exp(epochs[0].losses[0]);
  const size = CORPUS.vocabulary.tokens.length;
  assert(Math.abs(first - size) < 1e-3 * size, `${first} of ${size}`);
});

/** Whether the state is zero before each minibatch of each epoch. */
async function zeroStates(options: TrainOptions): Promise<boolean[]> {
  using reference = open();
  const zero: boolean[] = [];
  const backend = withOps(reference, (ops) => ({
    rnn(x) {
      zero.push(elements(x.initialState).every((h: number) => h === 0));
      ops.rnn(x);
    },
  }));
  await run(CORPUS, backend, { ...SMALL, offset: 0, ...options });
  return zero;
}

Deno.test("sequential sampling carries the state through an epoch, and no further", async () => {
  // (103 − 1) / 2 = 51 columns: 6 minibatches of 8 in each of 5 epochs.
  const expected = Array.from({ length: 30 }, (_, i) => i % 6 === 0);
  assertEquals(await zeroStates({}), expected);
});

Deno.test("resetState and random sampling zero the state at every minibatch", async () => {
  const all = new Array(30).fill(true);
  assertEquals(await zeroStates({ resetState: true }), all);
  assertEquals(await zeroStates({ sampling: "random" }), all);
});

/** The backend, with a norm of NaN at these updates, counted from 1. */
function withBadNorms(isBad: (update: number) => boolean) {
  let updates = 0;
  return withOps(open(), (ops) => ({
    finish(x) {
      const tensor = x.gradients.view(0, [1]);
      if (isBad(++updates)) ops.fill({ tensor, value: NaN });
      ops.finish(x);
    },
  }));
}

Deno.test("a gradient that is not finite is left out and counted", async () => {
  // Two, one and two: never three in a row, though the middle ends an epoch.
  const bad = [2, 3, 6, 8, 9];
  const backend = withBadNorms((update) => bad.includes(update));
  const options = { ...SMALL, offset: 0, epochs: 2, sigma: 0.1 };
  const { epochs: [one, two], checkpoint } = await run(
    CORPUS,
    backend,
    options,
  );
  assertEquals([one.skipped, two.skipped], [3, 2]);
  assertEquals([one.tokens, two.tokens], [3 * 16, 4 * 16]);
  assertEquals(one.gradientNorms.map(Number.isFinite), [
    ...[true, false, false, true, true, false],
  ]);
  const good = one.losses.filter((_, i) => [0, 3, 4].includes(i));
  const mean = good.reduce((sum, loss) => sum + loss, 0) / 3;
  assert(Math.abs(one.loss - mean) < 1e-14); // a few roundings of 2^-53
  assert(Number.isFinite(one.gradientNorm));
  assert(Number.isFinite(checkpoint.loss));
});

Deno.test("three in a row end training with the last good parameters", async () => {
  for (const clock of [tickingClock(0), tickingClock(1e6)]) {
    const backend = withBadNorms((update) => update > 8);
    const options = { ...SMALL, offset: 0, clock };
    const { order, checkpoint, error } = await run(CORPUS, backend, options);
    assertEquals(order, ["epoch 1", "checkpoint 1"]);
    assert(error instanceof DivergenceError);
    assert(
      error.message.includes("epoch 2, minibatch 5") &&
        error.message.includes("smaller learning rate"),
      error.message,
    );
    assertEquals(checkpoint.progress, {
      epochs: 1,
      minibatches: 5,
      tokens: 11 * 16,
    });
    // Those after 8 updates: the ones that a training without faults has then.
    const controller = new AbortController();
    using reference = open();
    let updates = 0;
    const stopping = withOps(reference, (ops) => ({
      finish(x) {
        ops.finish(x);
        if (++updates === 8) controller.abort();
      },
    }));
    const good = await run(CORPUS, stopping, {
      ...options,
      clock: tickingClock(1e6),
      signal: controller.signal,
    });
    assertEquals([...checkpoint.parameters], [...good.checkpoint.parameters]);
  }
});

Deno.test("a run that blows up leaves a checkpoint that can be read", async () => {
  using backend = open();
  for (const learningRate of [1e3, 1e6, 1e12]) {
    const { error, bytes, epochs } = await run(CORPUS, backend, {
      ...SMALL,
      epochs: 100,
      activation: "relu",
      learningRate,
      clipNorm: 0,
    });
    assert(error instanceof DivergenceError, `at ${learningRate}`);
    assert(epochs.length < 100);
    // Readers refuse parameters that are not finite.
    const { parameters } = await decodeCheckpoint(bytes);
    for (const values of parameters.values()) {
      assert(values.every(Number.isFinite));
    }
  }
});
