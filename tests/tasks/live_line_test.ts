import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fitted } from "../../tasks/cli/columns.ts";
import {
  duration,
  liveLine,
  plainLine,
  type TrainingStatus,
} from "../../tasks/cli/live_line.ts";
import { sparkline } from "../../tasks/cli/sparkline.ts";
import { onOneLine, painted, printable } from "../../tasks/cli/terminal.ts";

const STATUS: TrainingStatus = {
  epoch: 120,
  epochs: 500,
  done: 119.5,
  perplexities: [16, 8, 4, 2],
  perplexity: 2.5,
  validation: 9.123,
  tokensPerSecond: 40_711,
  secondsLeft: 92,
};

const shown = (columns: number, status = STATUS) =>
  painted(liveLine(status, columns), false);

Deno.test("the live line fills its window with what matters most", () => {
  assertEquals(
    [110, 90, 77, 60, 51, 32, 15, 5].map((columns) => shown(columns)),
    [
      "epoch 120/500  ━━━╸──────────  perplexity  2.50  validation  9.12  " +
      "█▆▃▁             40,711 tokens/s  1:32 left",
      "epoch 120/500  ━━━──────────  perplexity  2.50  validation  9.12  " +
      "█▆▃▁           1:32 left",
      "epoch 120/500  ━╸────  perplexity  2.50  validation  9.12  " +
      "█▆▃▁     1:32 left",
      "epoch 120/500  perplexity  2.50  validation  9.12  1:32 left",
      "epoch 120/500  ━╸─────  perplexity  2.50  1:32 left",
      "epoch 120/500  perplexity  2.50",
      "epoch 120/500",
      "epoch",
    ],
  );
});

Deno.test("the live line is never wider than its window", () => {
  const statuses: TrainingStatus[] = [
    STATUS,
    { ...STATUS, validation: undefined },
    {
      ...STATUS,
      perplexities: [],
      perplexity: undefined,
      validation: undefined,
    },
    {
      ...STATUS,
      perplexity: Infinity,
      validation: NaN,
      secondsLeft: undefined,
    },
    { ...STATUS, epoch: 1, done: 0, secondsLeft: 1e9 },
    { ...STATUS, epoch: 500, done: 500 },
  ];
  for (const status of statuses) {
    let longest = 0;
    for (let columns = 0; columns <= 200; columns++) {
      const { length } = [...shown(columns, status)];
      assert(length <= columns, `${length} of ${columns}`);
      longest = Math.max(longest, length);
    }
    assert(longest < 160, "curves have an end");
  }
});

Deno.test("the live line says nothing that is not known yet", () => {
  const start: TrainingStatus = {
    epoch: 1,
    epochs: 20,
    done: 0,
    perplexities: [],
  };
  assertEquals(shown(60, start), "epoch  1/20  " + "─".repeat(24));
  assertEquals(plainLine(start), "epoch 1 of 20");
});

Deno.test("the plain line says how far a long epoch is", () => {
  assertEquals(
    plainLine(STATUS),
    "epoch 120 of 500 (50% of it), perplexity  2.50, validation  9.12, " +
      "40,711 tokens/s, 1:32 left",
  );
  const end = plainLine({ ...STATUS, epoch: 500, done: 500 });
  assertEquals(
    end,
    "epoch 500 of 500, perplexity  2.50, validation  9.12, 40,711 tokens/s",
  );
});

Deno.test("a sparkline has a logarithmic scale", () => {
  assertEquals(sparkline([1, 2, 4, 8, 16, 32, 64, 128], 8), "▁▂▃▄▅▆▇█");
  assertEquals(sparkline([16, 8, 4, 2], 8), "█▆▃▁");
  assertEquals(sparkline([16, 16, 1, 1], 2), "█▁", "means of two");
  assertEquals(sparkline([4, 4, 4], 8), "▁▁▁");
  assertEquals(sparkline([], 8), "");
  assertEquals(sparkline([NaN, Infinity, 8, 1], 8), "██▁");
  assertEquals(sparkline([NaN, NaN, 8, 8, 1, 1], 3), "██▁");
  assertEquals(sparkline([Infinity], 8), "▁");
  assertEquals(sparkline([2, 4], 8, [1, 8]), "▃▆", "on another's scale");
  const long = Array.from({ length: 100_000 }, (_, i) => 1 + 1e5 - i);
  assertEquals([...sparkline(long, 24)].length, 24);
});

Deno.test("a line is cut where its window ends, wide characters counted as two", () => {
  assertEquals(fitted("abcdef", 6), "abcdef");
  assertEquals(fitted("abcdef", 5), "abcd…");
  assertEquals(fitted("日本語", 6), "日本語");
  assertEquals(fitted("日本語", 5), "日本…");
  assertEquals(fitted("日本語", 4), "日…");
  assertEquals(fitted("e\u0301e\u0301", 2), "e\u0301e\u0301");
  assertEquals(fitted("🏹🏹", 3), "🏹…");
  assertEquals([1, 0, -1].map((columns) => fitted("ab", columns)), [
    "…",
    "",
    "",
  ]);
});

Deno.test("time spans", () => {
  assertEquals(
    [0.4, 45, 92, 3610, 90_000, -1].map(duration),
    ["0:00", "0:45", "1:32", "1:00:10", "1 d 1 h", "0:00"],
  );
});

Deno.test("a sample stays one line, and no code of it reaches the terminal", () => {
  assertEquals(onOneLine("a\nb\r\nc\rd\u2028e"), "a↵b↵c↵d↵e");
  assertEquals(onOneLine("\x1b[31m\x00\x9b"), "␛[31m␀␡");
  assertEquals(printable("a\nb"), "a\nb");
  const pieces = [{ text: "\x1b[2J", style: "red" } as const, "\x07"];
  assertEquals(painted(pieces, true), "\x1b[31m␛[2J\x1b[0m␇");
  assertEquals(painted(pieces, false), "␛[2J␇");
  assertStringIncludes(painted(liveLine(STATUS, 80), true), "\x1b[32m━");
});
