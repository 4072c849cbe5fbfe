import { assert, assertEquals } from "@std/assert";
import type { Backend } from "../../lib/backend/backend.ts";
import type { Sample } from "../../lib/backend/ops.ts";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { generate } from "../../lib/generate.ts";
import type { GeneratedToken } from "../../lib/generation/continuation.ts";
import { generateTokens } from "../../lib/generation/generate_tokens.ts";
import type { GenerateTokensOptions } from "../../lib/generation/options.ts";
import type { TrainedModel } from "../../lib/training/checkpoint.ts";
import { CPUS, REFERENCES, WEBGPU } from "../backend/devices.ts";
import { withCount, withOps } from "../backend/wrap.ts";
import { tickingClock } from "../training/run.ts";
import { logitsOf, untrained, withoutUnknown } from "./model.ts";
import { testOn } from "../backend/test_on.ts";

const MODEL = untrained("the time traveller, for so it will be convenient");

/** A continuation that was gathered up. */
interface Whole {
  text: string;
  tokens: GeneratedToken[];
  ended?: string;
}

/** All continuations, whole. */
async function rowsOf(
  model: TrainedModel,
  prefix: string | readonly number[],
  backend: Backend,
  options: GenerateTokensOptions,
): Promise<Whole[]> {
  const rows: Whole[] = Array.from(
    { length: options.count ?? 1 },
    () => ({ text: "", tokens: [] }),
  );
  for await (const pieces of generateTokens(model, prefix, backend, options)) {
    assertEquals(pieces.length, rows.length);
    pieces.forEach(({ text, tokens, ended }, r) => {
      assert(rows[r].ended === undefined || text === "");
      rows[r].text += text;
      rows[r].tokens.push(...tokens);
      rows[r].ended = ended;
    });
  }
  return rows;
}

const textsOf = async (...given: Parameters<typeof rowsOf>) =>
  (await rowsOf(...given)).map(({ text }) => text);

const DRAWN = {
  maxNewTokens: 40,
  temperature: 0.9,
  topK: 12,
  topP: 0.95,
  repetitionPenalty: 1.2,
  seed: 7,
};

/** The texts that the reference in float64 draws. */
const DRAWN_TEXTS = await textsOf(MODEL, "time", openReference(), {
  ...DRAWN,
  count: 3,
});

for (const device of [...REFERENCES, ...CPUS, WEBGPU]) {
  testOn(
    device,
    "a seed gives the same text as on the reference",
    async (backend) => {
      const draw = (options: GenerateTokensOptions) =>
        textsOf(MODEL, "time", backend, { ...DRAWN, ...options });
      assertEquals(await draw({ count: 3 }), DRAWN_TEXTS);
      assertEquals(await draw({}), DRAWN_TEXTS.slice(0, 1));
      assertEquals(new Set(DRAWN_TEXTS).size, 3);
      // Of the top one nothing is drawn, whatever the temperature.
      const greedy = await textsOf(MODEL, "time", backend, {});
      assertEquals(await draw({ topK: 1, repetitionPenalty: 1 }), [
        greedy[0].slice(0, 40),
      ]);
      assert(greedy[0] !== DRAWN_TEXTS[0]);
      // More than there are is all, however many more: on a GPU the number has 32 bits.
      const all = await draw({ topK: 0 });
      for (const topK of [100, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1]) {
        assertEquals(await draw({ topK }), all);
      }
    },
  );
}

Deno.test("another seed, another text", async () => {
  using backend = openReference();
  const texts = new Set<string>();
  for (const seed of [0, 1, 2, 2 ** 32, 2 ** 53 - 1]) {
    for (const text of await textsOf(MODEL, "t", backend, { ...DRAWN, seed })) {
      texts.add(text);
    }
  }
  assertEquals(texts.size, 5);
});

Deno.test("a continuation is the same beside any others, in chunks of any size", async () => {
  using backend = openReference({ precision: "float32" });
  const options = {
    ...DRAWN,
    maxNewTokens: 300,
    stop: "zz",
    logProbabilities: true,
  };
  const all: Whole[][] = [];
  for (const milliseconds of [0, 1e6, 10]) {
    for (const count of [1, 2, 5]) {
      const clock = tickingClock(milliseconds);
      const given = { ...options, count, clock };
      all.push(await rowsOf(MODEL, "time", backend, given));
    }
  }
  const five = all[2];
  assert(five.every(({ tokens }) => tokens.length === 300));
  for (const rows of all) assertEquals(rows, five.slice(0, rows.length));
});

Deno.test("generate gives the prefix, then continuation 0", async () => {
  using backend = openReference();
  const [{ text }] = await rowsOf(MODEL, "time", backend, DRAWN);
  let whole = "";
  for await (const piece of generate(MODEL, "time", backend, DRAWN)) {
    whole += piece;
  }
  assertEquals(whole, "time" + text);
});

/** Asserts that counts are as expected, by Pearson's chi-squared test. */
function assertDistributed(counts: number[], expected: number[]): void {
  const total = counts.reduce((a, b) => a + b);
  let statistic = 0, kept = 0;
  counts.forEach((count, id) => {
    const mean = expected[id] * total;
    if (mean === 0) assertEquals(count, 0);
    else {
      statistic += (count - mean) ** 2 / mean;
      kept++;
    }
  });
  // Of k degrees of freedom it exceeds k + 2√(kx) + 2x with a probability below
  // exp(−x) (Laurent and Massart 2000, lemma 1): one seed in 10,000 would fail.
  const k = kept - 1, x = Math.log(1e4);
  const bound = k + 2 * Math.sqrt(k * x) + 2 * x;
  assert(statistic < bound, `${statistic} of ${bound}, ${kept} tokens`);
}

Deno.test("tokens are drawn as often as they are probable", async () => {
  using backend = openReference();
  const prefix = "the time";
  const logits = (await logitsOf(MODEL, prefix)).at(-1)!;
  const count = 4000;
  const cases: [GenerateTokensOptions, (p: number[]) => number[]][] = [
    [{ temperature: 1 }, (p) => p],
    [{ temperature: 2.5 }, (p) => p],
    [{ temperature: 0.4 }, (p) => p],
    [{ temperature: 1, topK: 5 }, (p) => {
      const least = p.toSorted((a, b) => b - a)[4];
      return p.map((x) => x >= least ? x : 0);
    }],
    [{ temperature: 1.5, topP: 0.6 }, (p) => {
      let sum = 0;
      const falling = p.toSorted((a, b) => b - a);
      const least = falling.find((x) => (sum += x) >= 0.6)!;
      return p.map((x) => x >= least ? x : 0);
    }],
  ];
  for (const [options, restrict] of cases) {
    const scaled = logits.map((z) => z / options.temperature!);
    const kept = restrict(withoutUnknown(scaled));
    const whole = kept.reduce((a, b) => a + b);
    const given = { ...options, count, seed: 11, maxNewTokens: 1 };
    const counts = logits.map(() => 0);
    for (
      const { tokens: [{ id }] } of await rowsOf(MODEL, prefix, backend, given)
    ) {
      counts[id]++;
    }
    assertDistributed(counts, kept.map((p) => p / whole));
  }
});

Deno.test("log-probabilities are the model's own, whatever is drawn from", async () => {
  using backend = openReference();
  for (const options of [DRAWN, {}, { temperature: 3, count: 2 }]) {
    const given = { maxNewTokens: 30, ...options, logProbabilities: true };
    for (
      const { text, tokens } of await rowsOf(MODEL, "time", backend, given)
    ) {
      const logits = await logitsOf(MODEL, "time" + text);
      tokens.forEach(({ id, token, logProbability }, i) => {
        assertEquals(token, [...text][i]);
        const expected = Math.log(withoutUnknown(logits[3 + i])[id]);
        // In float64, where sums of some tens of terms differ in their order.
        assert(Math.abs(logProbability! - expected) < 1e-12);
      });
    }
  }
  const [{ tokens }] = await rowsOf(MODEL, "time", backend, DRAWN);
  assert(tokens.every((token) => !("logProbability" in token)));
});

Deno.test("<unk> is never generated, the others keep their proportions", async () => {
  using backend = openReference();
  // A model that expects nothing but <unk>.
  const parameters = new Map(MODEL.parameters);
  parameters.set(
    "linear.bias",
    parameters.get("linear.bias")!.slice().fill(60, 0, 1),
  );
  const model = { ...MODEL, parameters };
  for (const temperature of [0, 1e-320, 1, 1e6]) {
    const options = { ...DRAWN, topK: 0, temperature, maxNewTokens: 200 };
    const made = await rowsOf(model, "time", backend, options);
    assertEquals(made, await rowsOf(MODEL, "time", backend, options));
    assert(made[0].tokens.every(({ id }) => id > 0));
  }
});

Deno.test("<unk> is never generated, however unlikely all others are", async () => {
  for (const { open } of [...REFERENCES, CPUS[0]]) {
    using backend = await open();
    for (const bias of [-1e30, -3e38]) {
      const parameters = new Map(MODEL.parameters);
      parameters.set(
        "linear.bias",
        parameters.get("linear.bias")!.slice().fill(bias, 1),
      );
      const model = { ...MODEL, parameters };
      for (const temperature of [0, 1, 1e30]) {
        const options = { temperature, maxNewTokens: 30 };
        const [{ tokens }] = await rowsOf(model, "time", backend, options);
        assert(tokens.every(({ id }) => id > 0), `${bias}, ${temperature}`);
      }
    }
  }
});

Deno.test("<unk> in a prefix is never generated, whatever the penalty", async () => {
  using backend = openReference();
  const options = { ...DRAWN, topK: 0, topP: 1, count: 200, maxNewTokens: 2 };
  for (const repetitionPenalty of [1e-30, 0.5, 2, 1e30]) {
    const given = { ...options, repetitionPenalty };
    const rows = await rowsOf(MODEL, [0], backend, given);
    for (const { tokens } of rows) assert(tokens.every(({ id }) => id > 0));
  }
});

Deno.test("the lowest temperature there is takes the likeliest token", async () => {
  using backend = openReference({ precision: "float32" });
  const greedy = await textsOf(MODEL, "time", backend, {});
  for (const temperature of [1e-320, 1e-40, 1e-9]) {
    const options = { temperature, seed: 3 };
    assertEquals(await textsOf(MODEL, "time", backend, options), greedy);
  }
});

Deno.test("a repetition penalty falls on what the prefix and the text hold", async () => {
  using backend = openReference();
  const model = untrained("abcdefghijklmnopqrstuvwxyz");
  const options = { repetitionPenalty: 1e9, maxNewTokens: 20 };
  for (const prefix of ["a", "xyz", "fedcba"]) {
    const [text] = await textsOf(model, prefix, backend, options);
    // A token with a logit above 0 falls to nearly 0, one below far beneath it.
    const logits = await logitsOf(model, prefix + text);
    const seen = new Set(prefix);
    [...text].forEach((token, i) => {
      const best = model.vocabulary.tokens
        .map((other, id) => {
          const z = logits[prefix.length - 1 + i][id];
          return {
            other,
            z: seen.has(other) ? (z > 0 ? z / 1e9 : z * 1e9) : z,
          };
        })
        .slice(1)
        .reduce((a, b) => b.z > a.z ? b : a);
      assertEquals(token, best.other);
      seen.add(token);
    });
  }
});

Deno.test("continuations that meet the stop text end alone", async () => {
  using backend = openReference();
  const options = { ...DRAWN, count: 4, maxNewTokens: 100, seed: 3 };
  const free = await rowsOf(MODEL, "time", backend, options);
  const stop = free[1].text.slice(10, 12);
  for (const milliseconds of [0, 1e6]) {
    const clock = tickingClock(milliseconds);
    const given = { ...options, stop, clock };
    const rows = await rowsOf(MODEL, "time", backend, given);
    rows.forEach((row, r) => {
      const at = free[r].text.indexOf(stop);
      assertEquals(row.text, at < 0 ? free[r].text : free[r].text.slice(0, at));
      assertEquals(row.ended, at < 0 ? "length" : "stop");
      assertEquals(row.tokens.map(({ token }) => token).join(""), row.text);
    });
    assert(new Set(rows.map(({ text }) => text.length)).size > 1);
  }
});

Deno.test("a line end of the stop text is that of the model's text", async () => {
  using backend = openReference();
  const lines = untrained("one\ntwo\nthree\n");
  const options = { ...DRAWN, maxNewTokens: 100 };
  const [free] = await textsOf(lines, "one", backend, options);
  const at = free.indexOf("\n");
  assert(at >= 0);
  for (const stop of ["\n", "\r\n", "\r"]) {
    const [text] = await textsOf(lines, "one", backend, { ...options, stop });
    assertEquals(text, free.slice(0, at));
  }
});

Deno.test("nothing more is computed once all have met the stop text", async () => {
  let steps = 0;
  const backend = withOps(openReference(), (ops) => ({
    sample(x) {
      steps++;
      ops.sample(x);
    },
  }));
  const [{ text }] = await rowsOf(MODEL, "time", backend, DRAWN);
  steps = 0;
  const options = { ...DRAWN, maxNewTokens: 10_000, stop: text.slice(0, 3) };
  const clock = tickingClock(1e6); // a token at a time
  const [row] = await rowsOf(MODEL, "time", backend, { ...options, clock });
  assertEquals([row.text, row.tokens, row.ended], ["", [], "stop"]);
  assertEquals(steps, 3);
});

Deno.test("no backend is asked for more of the likeliest tokens than there are", async () => {
  const asked = new Set<number | undefined>();
  const backend = withOps(openReference(), (ops) => ({
    sample(x) {
      asked.add(x.topK);
      ops.sample(x);
    },
  }));
  const size = MODEL.config.vocabularySize;
  for (const topK of [1, size, size + 1, 2 ** 32 + 1]) {
    await rowsOf(MODEL, "time", backend, { ...DRAWN, topK });
  }
  assertEquals([...asked], [1, size]);
});

Deno.test("greedily no op has more to do than is asked for", async () => {
  const calls: Sample[] = [];
  const reads: number[] = [];
  const counted = withOps(openReference(), (ops) => ({
    sample(x) {
      calls.push(x);
      ops.sample(x);
    },
  }));
  const backend = {
    ...counted,
    read: (tensor: Parameters<Backend["read"]>[0]) => {
      reads.push(calls.length);
      return counted.read(tensor);
    },
  };
  await rowsOf(MODEL, "time", backend, { clock: tickingClock(0) });
  assertEquals(calls.length, 50);
  for (const { uniforms, seen, logProbabilities } of calls) {
    assertEquals([uniforms, seen, logProbabilities], [
      undefined,
      undefined,
      undefined,
    ]);
  }
  assertEquals(reads, [1, 5, 21, 50]); // one a chunk, and chunks grow
});

Deno.test("every tensor is freed, however generation ends", async () => {
  const options = { ...DRAWN, count: 3, logProbabilities: true };
  for (const stopAt of [1, 2, Infinity]) {
    const { backend, held, allocated } = withCount(openReference());
    let seen = 0;
    for await (const _ of generateTokens(MODEL, "time", backend, options)) {
      if (++seen === stopAt) break;
    }
    assertEquals(held.size, 0);
    assert(allocated() > 0);
  }
  const { backend, held } = withCount(withOps(openReference(), () => ({
    sample() {
      throw new Error("no more");
    },
  })));
  try {
    await rowsOf(MODEL, "time", backend, options);
  } catch (error) {
    assertEquals((error as Error).message, "no more");
  }
  assertEquals(held.size, 0);
});

Deno.test("timers have their turn while tokens are generated", async () => {
  using backend = openReference();
  const model = untrained("so it went round and round");
  let isHeard = false;
  setTimeout(() => isHeard = true, 0);
  const options = { maxNewTokens: 20_000 }; // longer than a chunk takes
  for await (const _ of generateTokens(model, "so", backend, options)) {
    if (isHeard) return;
  }
  throw new Error("The timer waited for the last token");
});
