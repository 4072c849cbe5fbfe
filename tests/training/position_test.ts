import { assertEquals } from "@std/assert";
import {
  afterEpoch,
  afterMinibatches,
  divergedAt,
  firstPosition,
} from "../../lib/training/position.ts";
import { freezeAll } from "./run.ts";

const GOOD = { loss: 2, norm: 1 }, SKIPPED = { loss: 2, norm: NaN };

const START = {
  progress: { epochs: 0, minibatches: 0, tokens: 0 },
  loss: NaN,
  validationLoss: NaN,
};

Deno.test("minibatches move a position on, and an epoch's end begins the next", () => {
  const first = freezeAll(firstPosition(START, 10));
  const second = freezeAll(afterMinibatches(first, [GOOD, SKIPPED], 1));
  assertEquals(second.progress, { epochs: 0, minibatches: 2, tokens: 20 });
  assertEquals([second.updates, second.skippedInRow], [2, 1]);
  assertEquals(second.loss, NaN);
  const third = freezeAll(afterEpoch(second, undefined));
  assertEquals(third.progress, { epochs: 1, minibatches: 0, tokens: 20 });
  assertEquals([third.loss, third.validationLoss], [2, NaN]);
  assertEquals(third.best, { epoch: 1, loss: 2 });
  assertEquals(third.sums.measured, []);
  assertEquals(third.skippedInRow, 1);
  const fourth = afterMinibatches(third, [SKIPPED], 1);
  assertEquals(fourth.skippedInRow, 2);
});

Deno.test("an epoch that is no better leaves the best as it is", () => {
  const best = { epoch: 1, loss: 1 };
  const position = { ...firstPosition(START, 10), best };
  const predicted = (loss: number) => ({
    loss,
    perplexity: Math.exp(loss),
    bitsPerToken: loss / Math.LN2,
    tokens: 5,
  });
  const after = afterMinibatches(position, [GOOD], 1);
  assertEquals(afterEpoch(after, predicted(1)).best, best);
  const better = afterEpoch(after, predicted(0.5));
  assertEquals(better.best, { epoch: 1, loss: 0.5 });
  assertEquals([better.loss, better.validationLoss], [2, 0.5]);
});

Deno.test("the third of three minibatches skipped in a row is a divergence, whatever follows", () => {
  const of = (text: string, before = 0) =>
    divergedAt([...text].map((c) => c === "g" ? GOOD : SKIPPED), before);
  assertEquals(of("gsgssg"), undefined);
  assertEquals(of("gsssss"), 3);
  assertEquals(of("gsssgs"), 3);
  assertEquals(of("sgsss", 2), 0);
  assertEquals(of("ss", 1), 1);
  assertEquals(of("gss", 2), undefined);
});

Deno.test("one that had diverged has as many tries again", () => {
  const resumeData = {
    states: new Map(),
    moments: new Map(),
    updates: 9,
    skippedInRow: 3,
    measured: [SKIPPED, SKIPPED, SKIPPED],
  };
  const position = firstPosition({ ...START, resumeData }, 10);
  assertEquals([position.updates, position.skippedInRow], [9, 0]);
  assertEquals(position.sums.measured, resumeData.measured);
});
