import { assert, assertEquals, assertRejects } from "@std/assert";
import { openReference } from "../lib/backend/reference/reference_backend.ts";
import { evaluate } from "../lib/evaluate.ts";
import { score, type ScoredToken, type ScoreOptions } from "../lib/score.ts";
import { LanguageModel } from "../lib/model/language_model.ts";
import { tokenize } from "../lib/tokenize.ts";
import type { TrainedModel } from "../lib/training/checkpoint.ts";
import { CPUS, REFERENCES, WEBGPU } from "./backend/devices.ts";
import { withCount } from "./backend/wrap.ts";
import { logitsOf, untrained } from "./generation/model.ts";
import { tickingClock } from "./training/run.ts";
import { testOn } from "./backend/test_on.ts";

const TEXT = "time and time again the traveller came; ";
const MODEL = untrained(TEXT);
const { vocabulary } = MODEL;

/**
 * In float32 a logit of 12 terms below 3 is off by 12 · 3 · 2^-24 a step at the most;
 * the carried state shrinks what came before. Sixteen times that.
 */
const TOLERANCE = 16 * 36 * 2 ** -24;

/** All tokens, in one array. */
async function all(
  some: AsyncIterable<readonly ScoredToken[]>,
): Promise<ScoredToken[]> {
  return (await Array.fromAsync(some)).flat();
}

/** The hidden states of a layer after each token of a text, one token at a time. */
async function statesOf(
  { config, parameters }: TrainedModel,
  text: string,
  layer: number,
): Promise<number[][]> {
  using backend = openReference();
  const sizes = { batchSize: 1, numSteps: 1 };
  using model = new LanguageModel(backend, config, sizes);
  model.write(parameters);
  const input = backend.allocate([1, 1], "u32");
  const states: number[][] = [];
  for (const id of tokenize(text, { vocabulary }).ids) {
    backend.write(input, [id]);
    model.forward(input);
    model.carryState();
    states.push([...await model.readOutputs(layer)]);
  }
  return states;
}

/** Every token of a text, scored. */
async function scored(
  text: string,
  backend = openReference(),
  options?: ScoreOptions,
): Promise<ScoredToken[]> {
  const corpus = tokenize(text, { vocabulary });
  return await all(score(MODEL, corpus, backend, options));
}

for (const device of [...REFERENCES, ...CPUS, WEBGPU]) {
  testOn(
    device,
    "score gives log softmax of the logits",
    async (backend) => {
      const text = TEXT.slice(0, 33);
      const logits = await logitsOf(MODEL, text);
      const tolerance = device.precision === "float64" ? 1e-12 : TOLERANCE;
      const tokens = await scored(text, backend);
      assertEquals(tokens.map(({ token }) => token).join(""), text);
      assert(!("logProbability" in tokens[0]));
      tokens.slice(1).forEach(({ id, logProbability }, t) => {
        const whole = logits[t].reduce((sum, z) => sum + Math.exp(z), 0);
        const expected = logits[t][id] - Math.log(whole);
        assert(Math.abs(logProbability! - expected) < tolerance);
      });
    },
  );
}

for (const device of [...REFERENCES, ...CPUS, WEBGPU]) {
  testOn(
    device,
    "score gives the likeliest tokens and the hidden states",
    async (backend) => {
      // As above, of three logits.
      const tolerance = 3 *
        (device.precision === "float64" ? 1e-12 : TOLERANCE);
      const isNear = (a: number, b: number) => Math.abs(a - b) < tolerance;
      const text = TEXT.slice(0, 33);
      const logits = await logitsOf(MODEL, text);
      const states = await statesOf(MODEL, text, 0);
      const tokens = await scored(text, backend, { likeliest: 4, layer: 0 });
      assertEquals(tokens.length, text.length);
      assert(!("likeliest" in tokens[0]));
      tokens.forEach(({ likeliest, state }, t) => {
        assertEquals(state!.length, MODEL.config.hiddenSize);
        state!.forEach((value, h) => assert(isNear(value, states[t][h])));
        if (t === 0) return;
        const whole = logits[t - 1].reduce((sum, z) => sum + Math.exp(z), 0);
        const expected = logits[t - 1].map((z) => z - Math.log(whole));
        const sorted = expected.toSorted((a, b) => b - a);
        assertEquals(likeliest!.length, 4);
        likeliest!.forEach(({ id, token, logProbability }, i) => {
          assertEquals(token, vocabulary.tokens[id]);
          assert(isNear(logProbability, expected[id]));
          assert(isNear(logProbability, sorted[i]));
        });
      });
    },
  );
}

Deno.test("the states are those of the layer that is given", async () => {
  using backend = openReference();
  const model = untrained(TEXT, { numLayers: 2 });
  const corpus = tokenize(TEXT, { vocabulary });
  for (const layer of [0, 1]) {
    const tokens = await all(score(model, corpus, backend, { layer }));
    assertEquals(
      tokens.map(({ state }) => [...state!]),
      await statesOf(model, TEXT, layer),
    );
  }
});

Deno.test("the likeliest and the states are of their tokens, on texts of any length", async () => {
  for (const length of [1, 2, 3, 128, 129, 130, 257, 700]) {
    const text = TEXT.repeat(20).slice(0, length);
    const corpus = tokenize(text, { vocabulary });
    const plain = await scored(text);
    const states = await statesOf(MODEL, text, 0);
    const { backend, held } = withCount(openReference());
    const options = { likeliest: 30, layer: 0 };
    const tokens = await all(score(MODEL, corpus, backend, options));
    assertEquals(held.size, 0);
    assertEquals(
      tokens.map(({ likeliest: _, state: __, ...token }) => token),
      plain,
    );
    tokens.forEach(({ id, logProbability, likeliest, state }, t) => {
      assertEquals([...state!], states[t]);
      const own = likeliest?.find((token) => token.id === id);
      assertEquals(own?.logProbability, logProbability);
    });
  }
});

Deno.test("score refuses a layer that there is not, and a number of tokens that is none", async () => {
  const corpus = tokenize(TEXT, { vocabulary });
  for (
    const [options, message] of [
      [{ layer: 1 }, "layer 1: expected a whole number from 0 to 0"],
      [{ layer: -1 }, "layer -1: expected a whole number from 0 to 0"],
      [
        { likeliest: 1.5 },
        "likeliest 1.5: expected a whole number of at least 0",
      ],
      [
        { likeliest: NaN },
        "likeliest NaN: expected a whole number of at least 0",
      ],
    ] as const
  ) {
    await assertRejects(
      () => score(MODEL, corpus, openReference(), options).next(),
      RangeError,
      `Cannot score with ${message}`,
    );
  }
});

// Pieces have 128 steps: below, at and above one and two of them.
Deno.test("score's mean is evaluate's loss, on texts of any length", async () => {
  using backend = openReference();
  for (const length of [2, 3, 128, 129, 130, 256, 257, 258, 400]) {
    const text = TEXT.repeat(10).slice(0, length);
    const corpus = tokenize(text, { vocabulary });
    const { loss, tokens } = await evaluate(MODEL, corpus, backend);
    const found = await scored(text);
    assertEquals(found.length, length);
    const sum = found.slice(1).reduce((sum, t) => sum + t.logProbability!, 0);
    // The same numbers, added up in another order.
    assert(Math.abs(-sum / tokens - loss) < 1e-12, `${length}`);
  }
});

Deno.test("how fast the clock runs changes nothing but how many come at once", async () => {
  const text = TEXT.repeat(100);
  const runs = [];
  for (const milliseconds of [0, 1e6, 30]) {
    const clock = tickingClock(milliseconds);
    runs.push(await scored(text, openReference(), { clock, likeliest: 2 }));
  }
  assertEquals(runs[0].length, text.length);
  assertEquals(runs[1], runs[0]);
  assertEquals(runs[2], runs[0]);
});

Deno.test("what is not in the vocabulary is scored as <unk>", async () => {
  const tokens = await scored("t!me");
  assertEquals(tokens.map(({ id }) => id === 0), [false, true, false, false]);
  assertEquals(tokens[1].token, "<unk>");
  assert(Number.isFinite(tokens[1].logProbability));
});

Deno.test("a text of one token has no score; another vocabulary is refused", async () => {
  const { backend, held, allocated } = withCount(openReference());
  const one = await scored("t", backend);
  assertEquals(one, [{ id: vocabulary.tokens.indexOf("t"), token: "t" }]);
  assertEquals(allocated(), 0);
  await assertRejects(
    () => score(MODEL, tokenize("time", { name: "x" }), backend).next(),
    RangeError,
    'Cannot score "x": it was not tokenized with the vocabulary',
  );
  await scored(TEXT, backend);
  for await (const _ of score(MODEL, tokenize(TEXT, { vocabulary }), backend)) {
    if (held.size > 0) break;
  }
  assertEquals(held.size, 0);
});

Deno.test("timers have their turn while a text is scored, and while one is evaluated", async () => {
  using backend = openReference();
  const corpus = tokenize(TEXT.repeat(30), { vocabulary });
  const clock = tickingClock(1e3); // a call of the model at a time
  const isHeardDuring = async (work: () => Promise<unknown>) => {
    let isHeard = false;
    const timer = setTimeout(() => isHeard = true, 0);
    await work();
    clearTimeout(timer);
    return isHeard;
  };
  const options = { clock };
  assert(
    await isHeardDuring(() => all(score(MODEL, corpus, backend, options))),
  );
  assert(await isHeardDuring(() => evaluate(MODEL, corpus, backend, options)));
});
