import { assert, assertEquals, assertThrows } from "@std/assert";
import { partition, type PartitionOptions } from "../lib/partition.ts";
import { tokenize } from "../lib/tokenize.ts";

/** The numbers 0, 1, 2, …: a token's id is its place. */
const places = (length: number) => Uint32Array.from({ length }, (_, i) => i);

/** Rows of time-major ids. */
function rows(ids: Uint32Array, batchSize: number): number[][] {
  return Array.from(
    { length: batchSize },
    (_, b) => [...ids].filter((_, i) => i % batchSize === b),
  );
}

/** The first `count` whole numbers from `start` on. */
const range = (start: number, count: number) =>
  Array.from({ length: count }, (_, i) => start + i);

Deno.test("sequential sampling gives the book's example", () => {
  // Printed in d2l 8.3.4.2: the numbers 0 to 34, two rows of five.
  const epoch = partition(places(35), {
    batchSize: 2,
    numSteps: 5,
    offset: 0,
  });
  assertEquals(epoch.offset, 0);
  assertEquals(epoch.count, 3);
  const minibatches = [...epoch];
  assertEquals(minibatches.map(({ inputs }) => rows(inputs, 2)), [
    [range(0, 5), range(17, 5)],
    [range(5, 5), range(22, 5)],
    [range(10, 5), range(27, 5)],
  ]);
  assertEquals(minibatches.map(({ targets }) => rows(targets, 2)), [
    [range(1, 5), range(18, 5)],
    [range(6, 5), range(23, 5)],
    [range(11, 5), range(28, 5)],
  ]);
  assertEquals(minibatches.map(({ continues }) => continues), [
    false,
    true,
    true,
  ]);
});

Deno.test("a sequential minibatch goes on where the one before ended", () => {
  for (let epoch = 0; epoch < 20; epoch++) {
    const options = { batchSize: 3, numSteps: 4, seed: 5, epoch };
    let ends: number[] | undefined;
    for (const minibatch of partition(places(100), options)) {
      const inputs = rows(minibatch.inputs, 3);
      const targets = rows(minibatch.targets, 3);
      assertEquals(minibatch.continues, ends !== undefined);
      if (ends) assertEquals(inputs.map((row) => row[0]), ends);
      assertEquals(targets, inputs.map((row) => row.map((id) => id + 1)));
      ends = targets.map((row) => row[3]);
    }
  }
});

Deno.test("random sampling takes each stretch once at most, in any order", () => {
  const batchSize = 3, numSteps = 5;
  for (let epoch = 0; epoch < 50; epoch++) {
    const part = partition(places(103), {
      batchSize,
      numSteps,
      sampling: "random",
      seed: 1,
      epoch,
    });
    const stretches = Math.floor((103 - part.offset - 1) / numSteps);
    assertEquals(part.count, Math.floor(stretches / batchSize));
    const starts: number[] = [];
    for (const minibatch of part) {
      assertEquals(minibatch.continues, false);
      for (const row of rows(minibatch.inputs, batchSize)) {
        assertEquals(row, range(row[0], numSteps));
        starts.push(row[0]);
      }
      assertEquals(minibatch.targets, minibatch.inputs.map((id) => id + 1));
    }
    assertEquals(starts.length, part.count * batchSize);
    assertEquals(new Set(starts).size, starts.length);
    for (const start of starts) {
      assertEquals((start - part.offset) % numSteps, 0);
      assert(start >= part.offset && start + numSteps < 103);
    }
    // By chance they stay in order once in 18! times.
    assert(starts.some((start, i) => start < starts[i - 1]));
  }
});

for (
  const [sampling, greatest] of [["sequential", 35], ["random", 34]] as const
) {
  Deno.test(`${sampling} offsets are 0 to ${greatest}, both inclusive`, () => {
    const counts = new Map<number, number>();
    for (let epoch = 0; epoch < 3600; epoch++) {
      const options = { batchSize: 2, numSteps: 35, sampling, seed: 3, epoch };
      const { offset } = partition(places(106), options);
      counts.set(offset, (counts.get(offset) ?? 0) + 1);
    }
    assertEquals(
      [...counts.keys()].sort((a, b) => a - b),
      range(0, greatest + 1),
    );
    // About 100 of each, with a standard deviation of 10: five of them.
    for (const count of counts.values()) assert(count > 50 && count < 155);
  });

  Deno.test(`${sampling}: the chapter's corpus has 8 minibatches, the book 152`, () => {
    const short = places(10_000), book = places(170_580);
    for (let offset = 0; offset <= greatest; offset++) {
      const epoch = partition(short, { sampling, offset });
      assertEquals(epoch.count, 8);
      assertEquals(epoch.minibatch(7).inputs.length, 1120);
      assertEquals(partition(book, { sampling, offset }).count, 152);
    }
  });

  Deno.test(`${sampling}: equal seeds agree, other seeds and epochs do not`, () => {
    const starts = (seed: number, epoch: number) => {
      const part = partition(places(10_000), { sampling, seed, epoch });
      return range(0, part.count).flatMap((i) => part.starts(i)).join();
    };
    assertEquals(starts(7, 3), starts(7, 3));
    const all = range(0, 5).flatMap((i) => [starts(7, i), starts(8 + i, 0)]);
    // Each of 36 offsets may come twice, but five in a row do not.
    assert(new Set(all).size > 5);
    assert(starts(7, 0) !== starts(7, 1) || starts(7, 1) !== starts(7, 2));
  });

  Deno.test(`${sampling}: a minibatch can be read without the others`, () => {
    const options = { batchSize: 2, numSteps: 5, sampling, seed: 2 };
    const epoch = partition(places(100), options);
    const inOrder = [...epoch];
    assertEquals(inOrder.length, epoch.count);
    for (let i = epoch.count - 1; i >= 0; i--) {
      assertEquals(epoch.minibatch(i), inOrder[i]);
      assertEquals(
        rows(inOrder[i].inputs, 2).map(([id]) => id),
        epoch.starts(i),
      );
    }
    for (const index of [-1, epoch.count, 0.5, NaN]) {
      assertThrows(
        () => epoch.minibatch(index),
        RangeError,
        `the epoch has ${epoch.count}`,
      );
    }
  });

  Deno.test(`${sampling}: the advice for a short text works and is the most that does`, () => {
    for (const offset of [undefined, 0, 3, 40]) {
      for (let length = 0; length < 50; length += 1) {
        for (
          const [batchSize, numSteps] of [[2, 7], [9, 3], [1, 30], [30, 1]]
        ) {
          const options = { batchSize, numSteps, sampling, offset };
          checkAdvice(places(length), options);
        }
      }
    }
  });
}

/** Follows the advice of the message, if there is one, for every offset. */
function checkAdvice(
  ids: Uint32Array,
  options: PartitionOptions & { batchSize: number; numSteps: number },
): void {
  const message = tooShort(ids, options);
  if (message === undefined) return;
  const { batchSize, numSteps } = options;
  const [, largestBatch] = message.match(/a batch size up to (\d+)/) ?? [];
  const [, mostSteps] = message.match(/ up to (\d+) step/) ?? [];
  const [, stepsOfOne] = message.match(/of 1 and no more than (\d+) step/) ??
    [];
  const [, needed] = message.match(/need (\d+)\./)!;
  const works = (ids: Uint32Array, changed: Partial<PartitionOptions>) =>
    tooShort(ids, { ...options, ...changed }) === undefined;
  const b = Number(largestBatch ?? 0), t = Number(mostSteps ?? 0);
  const what = `${ids.length} tokens, ${JSON.stringify(options)}: ${message}`;
  if (b > 0) assert(works(ids, { batchSize: b }), what);
  assert(b < batchSize && !works(ids, { batchSize: b + 1 }), what);
  if (t > 0) assert(works(ids, { numSteps: t }), what);
  assert(t < numSteps && !works(ids, { numSteps: t + 1 }), what);
  if (stepsOfOne !== undefined) {
    const one = Number(stepsOfOne);
    assert(b === 0 && one > t, what);
    assert(works(ids, { batchSize: 1, numSteps: one }), what);
    assert(!works(ids, { batchSize: 1, numSteps: one + 1 }), what);
  } else if (b === 0 && t === 0) {
    assert(!works(ids, { batchSize: 1, numSteps: 1 }), what);
  }
  assert(works(places(Number(needed)), {}), what);
  assert(!works(places(Number(needed) - 1), {}), what);
}

/** Why ids are too few, or undefined where every epoch has a minibatch. */
function tooShort(
  ids: Uint32Array,
  options: PartitionOptions,
): string | undefined {
  try {
    for (let epoch = 0; epoch < 5; epoch++) {
      const { count, minibatch } = partition(ids, { ...options, epoch });
      assert(count >= 1);
      const { inputs, targets } = minibatch(count - 1);
      assertEquals(targets, inputs.map((id) => id + 1)); // none beyond the end
    }
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}

Deno.test("settings out of their range are refused by name", () => {
  const ids = places(1000);
  for (const bad of [0, -1, 1.5, NaN, Infinity]) {
    assertThrows(
      () => partition(ids, { batchSize: bad }),
      RangeError,
      `batch size ${bad}`,
    );
    assertThrows(
      () => partition(ids, { numSteps: bad }),
      RangeError,
      `number of steps ${bad}`,
    );
  }
  for (const bad of [-1, 0.5, NaN, Infinity]) {
    assertThrows(
      () => partition(ids, { batchSize: 2, offset: bad }),
      RangeError,
      `offset ${bad}`,
    );
    assertThrows(() => partition(ids, { batchSize: 2, seed: bad }), RangeError);
  }
});

Deno.test("a text that is too short is told what would fit", () => {
  const message = (text: string, options: PartitionOptions = {}) => {
    const { message } = assertThrows(
      () => partition(tokenize(text).ids, options),
      RangeError,
    );
    return message;
  };
  assertEquals(
    message("x".repeat(200)),
    "The text is too short: 200 tokens to train on, but minibatches of 32 rows × " +
      "35 steps need 1156. Use a batch size up to 4, or up to 6 steps, or a longer " +
      "text",
  );
  assertEquals(
    message("one line, no end", { sampling: "random" }),
    "The text is too short: 16 tokens to train on, but minibatches of 32 rows × " +
      "35 steps need 1155. Use a batch size of 1 and no more than 8 steps, or a " +
      "longer text",
  );
  assertEquals(
    message("ab", { batchSize: 2, numSteps: 1 }),
    "The text is too short: 2 tokens to train on, but minibatches of 2 rows × " +
      "1 step need 4. Use a longer text",
  );
  // What is held out is not counted.
  const { ids } = tokenize("x".repeat(1200), { validation: 0.1 });
  assertThrows(
    () => partition(ids),
    RangeError,
    "1080 tokens to train on, but minibatches of 32 rows × 35 steps need 1156",
  );
});
