import { assert, assertEquals } from "@std/assert";
import { nextChunkSize, Pace, turn } from "../../lib/training/pace.ts";

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

Deno.test("a chunk's own time sets the size of the next, and its reader's does not", async () => {
  let now = 0;
  const pace = new Pace(() => now, { limit: 100 });
  const sizes: number[] = [];
  for (const milliseconds of [1, 80, 160, 20]) {
    sizes.push(pace.size);
    const { milliseconds: measured } = await pace.timed(() => {
      now += milliseconds;
      return Promise.resolve();
    });
    assertEquals(measured, milliseconds);
    now += 1e6; // the reader
  }
  assertEquals([...sizes, pace.size], [1, 4, 4, 2, 8]);
});

Deno.test("a turn is taken when half a chunk's time has passed", async () => {
  let now = 0;
  const pace = new Pace(() => now, { limit: 1 });
  let isHeard = false;
  setTimeout(() => isHeard = true, 0);
  for (let i = 0; i < 1000; i++) await pace.turn();
  assert(!isHeard, "it was taken although no time had passed");
  for (const begun = performance.now(); !isHeard;) {
    now += 41;
    await pace.turn();
    assert(performance.now() - begun < 10_000, "it was not taken");
  }
});
