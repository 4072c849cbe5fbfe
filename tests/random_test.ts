import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  randomInteger,
  randomNormal,
  randomPermutation,
  randomUniform,
} from "../lib/random.ts";
import { philox4x32 } from "../lib/backend/philox.ts";

// From kat_vectors of Random123, philox4x32-10.
const KNOWN_ANSWERS = [
  {
    counter: [0, 0, 0, 0],
    key: [0, 0],
    words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  },
  {
    counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    key: [0xffffffff, 0xffffffff],
    words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
];

Deno.test("philox4x32 gives the published known answers", () => {
  for (const { counter, key, words } of KNOWN_ANSWERS) {
    const actual = philox4x32(
      counter as [number, number, number, number],
      key as [number, number],
    );
    assertEquals(actual, words as typeof actual);
  }
});

Deno.test("randomInteger reaches both ends and nothing beyond", () => {
  const counts = new Map<number, number>();
  for (let epoch = 0; epoch < 3600; epoch++) {
    const n = randomInteger(1, { stream: "offset", epoch }, 0, 35);
    counts.set(n, (counts.get(n) ?? 0) + 1);
  }
  assertEquals([...counts.keys()].sort((a, b) => a - b), [
    ...Array(36).keys(),
  ]);
  // 100 are expected of each, with a standard deviation of 10.
  for (const count of counts.values()) assert(count > 50 && count < 150);
});

Deno.test("randomPermutation puts every element in every place", () => {
  const seen = Array.from({ length: 5 }, () => new Set<number>());
  for (let epoch = 0; epoch < 200; epoch++) {
    const order = randomPermutation(3, { stream: "shuffle", epoch }, 5);
    assertEquals([...order].sort(), [0, 1, 2, 3, 4]);
    order.forEach((value, place) => seen[place].add(value));
  }
  assert(seen.every((values) => values.size === 5));
});

Deno.test("randomNormal has the moments of N(0, 1)", () => {
  const draws = randomNormal(5, { stream: "parameters" }, 100_001);
  const mean = draws.reduce((sum, x) => sum + x, 0) / draws.length;
  const variance = draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) /
    draws.length;
  const fourth = draws.reduce((sum, x) => sum + (x - mean) ** 4, 0) /
    draws.length;
  // Standard errors: 1/√n, √(2/n) and √(96/n); five of each.
  assert(Math.abs(mean) < 5 * 0.0032, `mean ${mean}`);
  assert(Math.abs(variance - 1) < 5 * 0.0045, `variance ${variance}`);
  assert(Math.abs(fourth - 3) < 5 * 0.031, `fourth moment ${fourth}`);
});

Deno.test("draws differ by seed, stream, epoch and item", () => {
  const places = [
    [1, { stream: "parameters" }],
    [2, { stream: "parameters" }],
    [1 + 2 ** 32, { stream: "parameters" }],
    [1, { stream: "shuffle" }],
    [1, { stream: "parameters", epoch: 1 }],
    [1, { stream: "parameters", item: 1 }],
  ] as const;
  const draws = places.map(([seed, place]) => randomNormal(seed, place, 1)[0]);
  assertEquals(new Set(draws).size, places.length);
});

Deno.test("a seed that is not a whole number from 0 is refused", () => {
  for (const seed of [-1, 0.5, NaN, 2 ** 53]) {
    assertThrows(
      () => randomInteger(seed, { stream: "offset" }, 0, 1),
      RangeError,
      "expected a whole number from 0",
    );
  }
});

Deno.test("randomUniform gives multiples of 2⁻²⁴ from 0 to below 1, evenly", () => {
  const draws = randomUniform(3, { stream: "sample", item: 9 }, 10_000);
  for (const u of draws) {
    assert(u >= 0 && u < 1 && Number.isInteger(u * 2 ** 24));
  }
  // 1,000 are expected in each tenth, with a standard deviation of 30.
  const tenths = Map.groupBy(draws, (u) => Math.floor(10 * u));
  for (const [tenth, { length }] of tenths) {
    assert(Math.abs(length - 1000) < 150, `${length} from ${tenth / 10} on`);
  }
  assertEquals(tenths.size, 10);
  // Fewer draws are the first of more.
  const few = randomUniform(3, { stream: "sample", item: 9 }, 5);
  assertEquals(few, draws.slice(0, 5));
});

Deno.test("every part of a place has draws of its own", () => {
  const places = [
    { stream: "dropout" },
    { stream: "sample" },
    { stream: "dropout", part: 1 },
    { stream: "dropout", item: 1 },
    { stream: "dropout", epoch: 1 },
    { stream: "sample", part: 1 },
  ] as const;
  const firsts = places.map((place) => randomUniform(1, place, 4).join());
  assertEquals(new Set(firsts).size, places.length);
});
