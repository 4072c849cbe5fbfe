import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Piece } from "../../tasks/cli/terminal.ts";
import { TrainingDisplay } from "../../tasks/cli/training_display.ts";

/** The lines that a training shows where no terminal is, and when: in seconds. */
function shown(
  epochs: number,
  events: Iterable<{ seconds: number; epoch: number; minibatch: number }>,
): [seconds: number, line: string][] {
  let now = 0;
  const lines: [number, string][] = [];
  const print = (...pieces: readonly Piece[]) => {
    const texts = pieces.map((one) => typeof one === "string" ? one : one.text);
    lines.push([now / 1000, texts.join("")]);
  };
  const display = new TrainingDisplay(epochs, [], () => now, print);
  for (const { seconds, epoch, minibatch } of events) {
    now = 1000 * seconds;
    const rate = { tokensPerSecond: 1000 };
    if (minibatch < 10) {
      const progress = { epochs: epoch - 1, minibatches: minibatch, tokens: 1 };
      const part = { progress, count: 10, loss: 1 };
      display.progress({ type: "progress", ...part, ...rate });
    } else {
      display.epoch({
        type: "epoch",
        epoch,
        loss: 1,
        perplexity: 2.7,
        tokens: 10,
        gradientNorm: 1,
        learningRate: 1,
        skipped: 0,
        seconds: 1,
        losses: [],
        gradientNorms: [],
        ...rate,
      });
    }
  }
  return lines;
}

Deno.test({
  name:
    "where no terminal is, a line with an estimate comes at once, then one a minute at least",
  ignore: Deno.stderr.isTerminal(),
  fn: () => {
    // An epoch of ten minutes: ten minibatches, a minute each but for a moment.
    const slow = Array.from({ length: 30 }, (_, i) => ({
      seconds: 58 * (i + 1),
      epoch: Math.floor(i / 10) + 1,
      minibatch: i % 10 + 1,
    }));
    const lines = shown(3, slow);
    assert(lines[0][0] <= 2 * 58, "as soon as a speed is known");
    assertMatch(lines[0][1], /^epoch 1 of 3 .* left$/);
    const times = lines.map(([seconds]) => seconds);
    for (const [i, time] of times.entries()) {
      assert(time - (times[i - 1] ?? 0) <= 2 * 58, `${times}`);
    }
    assertEquals(times.at(-1), 30 * 58);
    // Ten minibatches a second: the first line soon, and no flood behind it.
    const fast = Array.from({ length: 2000 }, (_, i) => ({
      seconds: i / 10,
      epoch: Math.floor(i / 10) + 1,
      minibatch: i % 10 + 1,
    }));
    const few = shown(1000, fast);
    assert(few[0][0] <= 2, `${few[0]}`);
    assertMatch(few[0][1], / left$/);
    assert(few.length <= 8, `${few.length} lines in 200 seconds`);
    for (const [i, [time]] of few.entries()) {
      assert(time - (few[i - 1]?.[0] ?? 0) <= 60);
    }
  },
});
