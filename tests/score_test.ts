import { assert, assertEquals, assertRejects } from "@std/assert";
import { openReference } from "../lib/backend/reference/reference_backend.ts";
import { evaluate } from "../lib/evaluate.ts";
import { score, type ScoredToken, type ScoreOptions } from "../lib/score.ts";
import { tokenize } from "../lib/tokenize.ts";
import { CPUS, REFERENCES, WEBGPU } from "./backend/devices.ts";
import { withCount } from "./backend/wrap.ts";
import { logitsOf, untrained } from "./generation/model.ts";
import { tickingClock } from "./training/run.ts";

const TEXT = "time and time again the traveller came; ";
const MODEL = untrained(TEXT);
const { vocabulary } = MODEL;

/** Every token of a text, scored. */
async function scored(
  text: string,
  backend = openReference(),
  options?: ScoreOptions,
): Promise<ScoredToken[]> {
  const corpus = tokenize(text, { vocabulary });
  const all: ScoredToken[] = [];
  for await (const some of score(MODEL, corpus, backend, options)) {
    all.push(...some);
  }
  return all;
}

for (
  const { name, open, precision, ignore } of [...REFERENCES, ...CPUS, WEBGPU]
) {
  Deno.test({
    name: `${name}: score gives log softmax of the logits` +
      (ignore ? ` (ignored: ${ignore})` : ""),
    ignore: ignore !== undefined,
    fn: async () => {
      using backend = await open();
      const text = TEXT.slice(0, 33);
      const logits = await logitsOf(MODEL, text);
      // In float32 a logit of 12 terms below 3 is off by 12 · 3 · 2^-24 a step at the
      // most; the carried state shrinks what came before. Sixteen times that.
      const tolerance = precision === "float64" ? 1e-12 : 16 * 36 * 2 ** -24;
      const tokens = await scored(text, backend);
      assertEquals(tokens.map(({ token }) => token).join(""), text);
      assert(!("logProbability" in tokens[0]));
      tokens.slice(1).forEach(({ id, logProbability }, t) => {
        const whole = logits[t].reduce((sum, z) => sum + Math.exp(z), 0);
        const expected = logits[t][id] - Math.log(whole);
        assert(Math.abs(logProbability! - expected) < tolerance);
      });
    },
  });
}

// Pieces have 128 steps: below, at and above one and two of them.
Deno.test("score's mean is evaluate's loss, on texts of any length", async () => {
  using backend = openReference();
  for (const length of [2, 3, 128, 129, 130, 256, 257, 258, 400]) {
    const text = TEXT.repeat(10).slice(0, length);
    const corpus = tokenize(text, { vocabulary });
    const { loss, tokens } = await evaluate(MODEL, corpus, backend);
    const all = await scored(text);
    assertEquals(all.length, length);
    const sum = all.slice(1).reduce((sum, t) => sum + t.logProbability!, 0);
    // The same numbers, added up in another order.
    assert(Math.abs(-sum / tokens - loss) < 1e-12, `${length}`);
  }
});

Deno.test("how fast the clock runs changes nothing but how many come at once", async () => {
  const text = TEXT.repeat(100);
  const all = [];
  for (const milliseconds of [0, 1e6, 30]) {
    const clock = tickingClock(milliseconds);
    all.push(await scored(text, openReference(), { clock }));
  }
  assertEquals(all[0].length, text.length);
  assertEquals(all[1], all[0]);
  assertEquals(all[2], all[0]);
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
