import { assert, assertEquals } from "@std/assert";
import { nextChunkSize, turn } from "../../lib/training/pace.ts";

Deno.test("a chunk aims at its time, grows fourfold at most, and stays in its limits", () => {
  const next = (size: number, milliseconds: number) =>
    nextChunkSize(size, milliseconds, { targetMilliseconds: 100, limit: 64 });
  assertEquals(next(8, 200), 4);
  assertEquals(next(8, 100), 8);
  assertEquals(next(8, 50), 16);
  assertEquals(next(8, 1), 32);
  assertEquals(next(8, 0), 32);
  assertEquals(next(32, 1), 64);
  assertEquals(next(1, 1e9), 1);
});

Deno.test("a turn lets timers and messages have theirs", async () => {
  let fired = 0;
  const timer = setInterval(() => fired++, 1);
  const start = performance.now();
  while (fired < 3) {
    await turn();
    // Microtasks alone would go on for ever.
    assert(
      performance.now() - start < 10_000,
      "the timer never came to its turn",
    );
  }
  clearInterval(timer);
});
