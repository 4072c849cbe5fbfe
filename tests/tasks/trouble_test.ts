import { assertEquals, assertStringIncludes } from "@std/assert";
import { TroubleWatch } from "../../tasks/cli/trouble.ts";

/** After which epoch something is said, if at all, and what. */
function told(
  perplexities: readonly number[],
  before: readonly number[] = [],
): [epoch: number, advice: string] | undefined {
  const watch = new TroubleWatch(30, 0.5, before);
  const all = perplexities.map((perplexity, i) =>
    watch.epoch({ perplexity }, i === perplexities.length - 1)
  );
  const index = all.findIndex((advice) => advice !== undefined);
  assertEquals(all.filter((advice) => advice !== undefined).length <= 1, true);
  return index < 0 ? undefined : [index + 1, all[index]!];
}

Deno.test("a perplexity that falls, or rises a little, is no trouble", () => {
  assertEquals(told([29, 12, 8, 8.5, 8.2, 9]), undefined);
  assertEquals(told([35, 28, 20, 10]), undefined); // a first epoch that is above
  assertEquals(told([10, 99, 99, 10]), undefined); // two that are
});

Deno.test("a perplexity above the size of the vocabulary is told of, once, with the flag", () => {
  const [epoch, advice] = told([20, 31, 40, 1e9, 1e30, 1e60])!;
  assertEquals(epoch, 4);
  assertStringIncludes(advice, "above the size of the vocabulary, 30");
  assertStringIncludes(advice, "--learning-rate (it is 0.5)");
  assertEquals(told([20, NaN, NaN, Infinity, 20])![0], 4);
  assertEquals(told([20, 1e91])![0], 2, "where training ends, one is enough");
});

Deno.test("a perplexity far above its own best is told of, that of earlier epochs too", () => {
  const [epoch, advice] = told([1.5, 16, 17, 18, 19])!;
  assertEquals(epoch, 4);
  assertStringIncludes(advice, "far above its best value, 1.50");
  assertEquals(told([15, 16, 17], [NaN, 1.2])![0], 3);
  assertEquals(told([15, 16, 17], [NaN]), undefined);
});
