import { assertEquals } from "@std/assert";
import { IdList } from "../../lib/text/id_list.ts";

/** Some ids of each width, in parts that fill no chunk. */
const PARTS: readonly [bound: number, count: number][] = [
  [200, 5000],
  [256, 1001],
  [60_000, 3000],
  [60_001, 20_000],
  [70_000, 999],
  [70_001, 50_000],
];

function filled(): { list: IdList; all: number[] } {
  const list = new IdList();
  const all: number[] = [];
  for (const [bound, count] of PARTS) {
    const ids = Array.from({ length: count }, (_, i) => bound - 1 - i % 50);
    list.append(Uint32Array.from(ids), bound);
    all.push(...ids);
  }
  return { list, all };
}

Deno.test("a list gives back its ids, and then is empty", () => {
  const { list, all } = filled();
  assertEquals(list.length, all.length);
  const ids: number[] = [];
  for (const part of list.drain()) ids.push(...part);
  assertEquals(ids, all);
  assertEquals(list.length, 0);
  assertEquals([...list.drain()], []);
});

Deno.test("the end of a list can be read, and read again", () => {
  const { list, all } = filled();
  for (const start of [0, 1, 4096, 5000, 6001, 30_000, all.length]) {
    const ids = Array.from(list.from(start), (part) => [...part]).flat();
    assertEquals(ids, all.slice(start));
  }
});

Deno.test("each array of a list is as narrow as it was when it was begun", () => {
  const widths = Array.from(
    filled().list.from(0),
    (part) => part.BYTES_PER_ELEMENT,
  );
  assertEquals(new Set(widths), new Set([1, 2, 4]));
  assertEquals(widths, widths.toSorted((a, b) => a - b));
});

Deno.test("what has been drained takes no memory", () => {
  const { list } = filled();
  let before: ArrayBufferLike | undefined;
  for (const { buffer } of list.drain()) {
    if (before) assertEquals((before as ArrayBuffer).detached, true);
    before = buffer;
  }
  assertEquals((before as ArrayBuffer).detached, true);
});
