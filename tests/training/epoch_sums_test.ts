import { assertEquals } from "@std/assert";
import { EpochSums } from "../../lib/training/epoch_sums.ts";
import { meanSpeed } from "../../lib/training/metrics.ts";

const GOOD = [{ loss: 3, norm: 4 }, { loss: 1, norm: 2 }];
const SKIPPED = { loss: NaN, norm: Infinity };

Deno.test("minibatches that were skipped count as minibatches, and for nothing else", () => {
  const sums = new EpochSums(10).add([GOOD[0], SKIPPED], 2).add([GOOD[1]], 3);
  assertEquals(sums.summary, {
    loss: 2,
    perplexity: Math.exp(2),
    tokens: 20,
    gradientNorm: 3,
    skipped: 1,
    seconds: 5,
    tokensPerSecond: 20 / 5,
    losses: [3, NaN, 1],
    gradientNorms: [4, Infinity, 2],
  });
  assertEquals(sums.measured, [GOOD[0], SKIPPED, GOOD[1]]);
});

Deno.test("adding minibatches leaves the sums before as they were", () => {
  const before = new EpochSums(10).add([GOOD[0]], 2);
  const { summary } = before;
  before.add([GOOD[1]], 1);
  before.add([SKIPPED]);
  assertEquals(before.summary, summary);
});

Deno.test("minibatches before a resumption have no part in the speed", () => {
  const resumed = new EpochSums(10).add(GOOD);
  assertEquals([resumed.loss, resumed.tokensPerSecond], [2, 0]);
  assertEquals(resumed.add([GOOD[0]], 5).tokensPerSecond, 2);
});

Deno.test("an epoch without a measurement has no loss", () => {
  assertEquals(new EpochSums(10).loss, NaN);
  assertEquals(new EpochSums(10).add([SKIPPED], 1).summary.perplexity, NaN);
});

Deno.test("the speed of epochs together is weighted by their time", () => {
  const untimed = [{ seconds: 0, tokensPerSecond: 0 }, { seconds: 0 }];
  const timed = { seconds: 2, tokensPerSecond: 30 };
  assertEquals(
    meanSpeed([...untimed, timed, { seconds: 4, tokensPerSecond: 60 }]),
    50,
  );
  assertEquals(meanSpeed(untimed), NaN);
});
