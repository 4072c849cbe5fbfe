import { assert, assertEquals } from "@std/assert";
import {
  learningRateAt,
  type LearningRateSettings,
} from "../../lib/training/learning_rate.ts";

const SETTINGS: LearningRateSettings = {
  learningRate: 2,
  schedule: "constant",
  warmup: 0,
  stepSize: 3,
  gamma: 0.5,
  epochs: 10,
};

/** The rate of every minibatch, four to an epoch. */
function rates(settings: Partial<LearningRateSettings>): number[] {
  const all = { ...SETTINGS, ...settings };
  return Array.from(
    { length: 4 * all.epochs },
    (_, i) => learningRateAt(all, Math.floor(i / 4) + i % 4 / 4, 1 / 4),
  );
}

Deno.test("a constant learning rate is that", () => {
  assertEquals(new Set(rates({})), new Set([2]));
});

Deno.test("warm-up rises by as much at every minibatch, and ends at the rate", () => {
  for (const schedule of ["constant", "linear", "cosine", "step"] as const) {
    const [first, second, third, fourth, fifth] = rates({
      schedule,
      warmup: 1,
    });
    assertEquals([first, second, third, fourth, fifth], [0.5, 1, 1.5, 2, 2]);
  }
  // A warm-up of a part of an epoch.
  assertEquals(rates({ warmup: 0.5 }).slice(0, 3), [1, 2, 2]);
});

Deno.test("linear and cosine fall from the rate towards zero", () => {
  const linear = rates({ schedule: "linear", warmup: 2 }).slice(8);
  linear.forEach((rate, i) =>
    assert(Math.abs(rate - 2 * (1 - i / 32)) < 1e-15)
  );
  const cosine = rates({ schedule: "cosine" });
  assertEquals(cosine[0], 2);
  assert(Math.abs(cosine[20] - 1) < 1e-15, "half way");
  assert(cosine.every((rate, i) => i === 0 || rate < cosine[i - 1]));
  assert(cosine[39] > 0 && cosine[39] < 0.01);
});

Deno.test("step falls by gamma every so many epochs", () => {
  const step = rates({ schedule: "step" });
  assertEquals(
    Array.from({ length: 10 }, (_, epoch) => step[4 * epoch]),
    [2, 2, 2, 1, 1, 1, 0.5, 0.5, 0.5, 0.25],
  );
  assertEquals(step.slice(8, 12), [2, 2, 2, 2]);
});

Deno.test("sevenths of an epoch add up to whole ones", () => {
  // index / count is rounded: the fall must come with the first minibatch all the same.
  for (let count = 1; count < 200; count++) {
    const at = (epoch: number, index: number) =>
      learningRateAt(
        { ...SETTINGS, schedule: "step", stepSize: 1 },
        epoch + index / count,
        1 / count,
      );
    assertEquals([at(6, count - 1), at(7, 0)], [2 * 0.5 ** 6, 2 * 0.5 ** 7]);
  }
});
