import { assert, assertEquals, assertRejects } from "@std/assert";
import { openReference } from "../lib/backend/reference/reference_backend.ts";
import { evaluate } from "../lib/evaluate.ts";
import type { Parameters } from "../lib/model/parameters.ts";
import type { TokenIds } from "../lib/text/token_ids.ts";
import { tokenize } from "../lib/tokenize.ts";
import type { Checkpoint } from "../lib/training/checkpoint.ts";
import { withCount } from "./backend/wrap.ts";
import { run, tickingClock } from "./training/run.ts";

const TEXT = "time and time again the traveller came; ".repeat(10);
const CORPUS = tokenize(TEXT);

/** A model of hidden size 5 with weights that are not small. */
async function trained(numLayers = 1): Promise<Checkpoint> {
  using backend = openReference();
  const { checkpoint } = await run(CORPUS, backend, {
    hiddenSize: 5,
    numLayers,
    batchSize: 2,
    numSteps: 10,
    epochs: 2,
    sigma: 0.8,
  });
  return checkpoint;
}

/** Mean loss by the equations of d2l 8.4 alone, a token at a time. */
function byHand(parameters: Parameters, ids: TokenIds, H: number): number {
  const [Wxh, Whh, bh, Whq, bq] = [
    "rnn.weight_ih_l0", // (H, V)
    "rnn.weight_hh_l0", // (H, H)
    "rnn.bias_ih_l0", // (H)
    "linear.weight", // (V, H)
    "linear.bias", // (V)
  ].map((name) => parameters.get(name)!);
  const V = bq.length;
  const range = (n: number) => [...Array(n).keys()];
  let state = range(H).map(() => 0), total = 0;
  for (let t = 0; t + 1 < ids.length; t++) {
    const before = state;
    state = range(H).map((h) => {
      const recurrent = range(H).map((k) => Whh[h * H + k] * before[k]);
      const sum = recurrent.reduce((a, b) => a + b, Wxh[h * V + ids[t]]);
      return Math.tanh(sum + bh[h]);
    });
    const logits = range(V).map((v) =>
      state.reduce((sum, h, k) => sum + Whq[v * H + k] * h, bq[v])
    );
    const sum = logits.reduce((sum, z) => sum + Math.exp(z), 0);
    total += Math.log(sum) - logits[ids[t + 1]];
  }
  return total / (ids.length - 1);
}

// Pieces have 128 steps: below, at and above one and two of them.
for (const length of [2, 3, 128, 129, 130, 256, 257, 258, 400]) {
  Deno.test(`evaluate reads ${length} tokens as one stream`, async () => {
    const checkpoint = await trained();
    using backend = openReference();
    const ids = CORPUS.ids.slice(0, length);
    const result = await evaluate(checkpoint, { ...CORPUS, ids }, backend);
    const expected = byHand(checkpoint.parameters, ids, 5);
    // In float64, where the order of some sums differs: 2^-53 times a few hundred
    // terms of losses near 3. The state forgotten once would show from 1e-6 on.
    assert(
      Math.abs(result.loss - expected) < 1e-12,
      `${result.loss}, expected ${expected}`,
    );
    assertEquals(result.tokens, length - 1);
    assertEquals(result.perplexity, Math.exp(result.loss));
    assertEquals(result.bitsPerToken, result.loss / Math.LN2);
    assertEquals(result.unknown, 0);
  });
}

Deno.test("how fast the clock runs changes nothing", async () => {
  using backend = openReference({ precision: "float32" });
  const long = { ...CORPUS, ids: tokenize(TEXT.repeat(10)).ids };
  const checkpoint = await trained(2);
  const results = [];
  for (const milliseconds of [0, 1e6, 30]) {
    const clock = tickingClock(milliseconds);
    results.push(await evaluate(checkpoint, long, backend, { clock }));
  }
  assertEquals(results[1], results[0]);
  assertEquals(results[2], results[0]);
});

Deno.test("what is not in the vocabulary is counted", async () => {
  using backend = openReference();
  const checkpoint = await trained();
  const { vocabulary } = checkpoint;
  // The first token is not predicted.
  const corpus = tokenize("Za! time", { vocabulary });
  const result = await evaluate(checkpoint, corpus, backend);
  assertEquals([...corpus.ids].filter((id) => id === 0).length, 2);
  assertEquals(result.unknown, 1);
  assertEquals(result.tokens, 7);
});

Deno.test("another vocabulary and a text too short are refused", async () => {
  const { backend, held } = withCount(openReference());
  const checkpoint = await trained();
  await assertRejects(
    () => evaluate(checkpoint, tokenize("time", { name: "x" }), backend),
    RangeError,
    'Cannot evaluate on "x": it was not tokenized with the vocabulary',
  );
  for (const length of [0, 1]) {
    const ids = CORPUS.ids.slice(0, length);
    await assertRejects(
      () => evaluate(checkpoint, { ...CORPUS, ids }, backend),
      RangeError,
      `the text needs at least 2 tokens, and it has ${length}`,
    );
  }
  await evaluate(checkpoint, CORPUS, backend);
  assertEquals(held.size, 0);
});
