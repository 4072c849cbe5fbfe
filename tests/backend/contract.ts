/**
 * The contract of every backend: each op against the float64 reference.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import type { Backend } from "../../lib/backend/backend.ts";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { type Case, cases, normal } from "./cases.ts";
import { testLimits } from "./limits.ts";
import { type MisuseExceptions, testMisuse } from "./misuse.ts";
import { compare, runCase } from "./run_case.ts";
import { testOn } from "./test_on.ts";

const everyCase = cases();
const expectations = new Map<Case, ReturnType<typeof runCase>>();

/** What the float64 reference makes of a case: once, for every backend in a file. */
function expectationOf(one: Case): ReturnType<typeof runCase> {
  return expectations.getOrInsertComputed(one, async () => {
    using reference = openReference({ precision: "float64" });
    return await runCase(reference, one);
  });
}

/** How a backend's tests are declared: each opens it and disposes it. */
type Test = (what: string, run: (backend: Backend) => Promise<void>) => void;

/**
 * Tests a backend's ops on arguments of many sizes against the reference; the other
 * arguments are those of `testBackend`.
 *
 * @param among What the ops are called on. Default: every case.
 */
export function testOps(
  name: string,
  open: () => Backend | Promise<Backend>,
  ignore?: string,
  among = everyCase,
): void {
  const test: Test = (what, run) => testOn({ name, open, ignore }, what, run);
  const groups = Map.groupBy(among, (one) => one.name.split(/[,: ]/)[0]);
  for (const [op, members] of groups) {
    test(`${op} is the reference's`, async (backend) => {
      await Promise.all(members.map(async (member) => {
        const [actual, again, expected] = await Promise.all([
          runCase(backend, member),
          runCase(backend, member),
          expectationOf(member),
        ]);
        compare(member, actual, expected);
        // The same again, to the bit: no result depends on the order of threads.
        compare(
          {
            ...member,
            arguments: Object.fromEntries(
              Object.entries(member.arguments).map((
                [key, one],
              ) => [key, { ...one, tolerance: 0 }]),
            ),
          },
          again,
          actual,
        );
      }));
    });
  }
}

/**
 * Tests a backend against the reference.
 *
 * @param name What the tests are called by.
 * @param open Opens the backend; the tests dispose it.
 * @param ignore Why the backend cannot be tested here, or nothing.
 * @param exceptions What the backend does not refuse, and why.
 */
export function testBackend(
  name: string,
  open: () => Backend | Promise<Backend>,
  ignore?: string,
  exceptions: MisuseExceptions = {},
): void {
  testOps(name, open, ignore);
  const test: Test = (what, run) => testOn({ name, open, ignore }, what, run);
  testLimits(test);
  testMisuse(test, exceptions);

  test("a new tensor is zero, a written one is read back", async (backend) => {
    const tensor = backend.allocate([3, 5]);
    assertEquals([...await backend.read(tensor)], new Array(15).fill(0));
    const values = normal(15);
    backend.write(tensor, values);
    assertEquals([...await backend.read(tensor)], [...values]);
    backend.free(tensor);
    const again = backend.allocate([5, 3]);
    assertEquals([...await backend.read(again)], new Array(15).fill(0));
  });

  test("views share the elements of their tensor", async (backend) => {
    const tensor = backend.allocate([4, 3], "u32");
    backend.write(tensor, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    assertEquals([...await backend.read(tensor.at(2))], [6, 7, 8]);
    assertEquals([...await backend.read(tensor.at(2).at(1))], [7]);
    assertEquals(tensor.at(2).at(1).shape, []);
    assertEquals([...await backend.read(tensor.view(5, [2, 2]))], [5, 6, 7, 8]);
    backend.write(tensor.at(1), [30, 40, 50]);
    assertEquals(
      [...await backend.read(tensor)],
      [0, 1, 2, 30, 40, 50, 6, 7, 8, 9, 10, 11],
    );
  });

  test("ops and writes happen in call order", async (backend) => {
    const a = backend.allocate([70]), b = backend.allocate([70]);
    const sums: number[] = [];
    for (let i = 1; i <= 5; i++) {
      backend.write(a, new Array(70).fill(i));
      backend.ops.copy({ source: a, destination: b });
      backend.ops.fill({ tensor: a, value: 0 });
      backend.write(a.view(1, [1]), [100]);
      backend.ops.copy({ source: a.view(0, [2]), destination: b.view(0, [2]) });
      if (i === 4) continue; // some are queued up
      sums.push([...await backend.read(b)].reduce((x, y) => x + y, 0));
    }
    assertEquals(sums, [1, 2, 3, 5].map((i) => 100 + 68 * i));
  });

  test("several reads at once see what was queued before each", async (backend) => {
    const tensor = backend.allocate([9]);
    const reads = [];
    for (let value = 0; value < 4; value++) {
      backend.ops.fill({ tensor, value });
      reads.push(backend.read(tensor));
    }
    const values = (await Promise.all(reads)).map((read) => read[8]);
    assertEquals(values, [0, 1, 2, 3]);
  });

  test("sample takes the lowest of equals", async (backend) => {
    const logits = backend.allocate([3, 300]);
    const tokens = backend.allocate([3], "u32");
    const values = new Float32Array(900);
    values.set([5, 5], 299 - 1);
    values.fill(-3, 300, 600).fill(-2, 417, 500);
    values[600 + 64] = values[600 + 63] = 1;
    backend.write(logits, values);
    backend.ops.sample({ logits, tokens });
    assertEquals([...await backend.read(tokens)], [298, 117, 63]);
  });

  test("dropout may write over its input", async (backend) => {
    const input = backend.allocate([301]), output = backend.allocate([301]);
    backend.write(input, normal(301));
    const settings = { rate: 0.5, key: [1, 2], counter: [3, 4, 5] } as const;
    backend.ops.dropout({ ...settings, input, output });
    backend.ops.dropout({ ...settings, input, output: input });
    assertEquals(await backend.read(input), await backend.read(output));
  });

  test("another backend's tensor is a TypeError", (backend) => {
    using other = openReference();
    const tensor = other.allocate([2]);
    const foreign = name.startsWith("reference")
      ? { ...tensor, at: () => tensor, view: () => tensor }
      : tensor;
    assertThrows(() => backend.read(foreign), TypeError, "another");
    assertThrows(
      () => backend.ops.fill({ tensor: foreign, value: 1 }),
      TypeError,
      "another",
    );
    return Promise.resolve();
  });

  test("a wrong type, shape or length is refused", (backend) => {
    const reals = backend.allocate([2, 3]);
    const ids = backend.allocate([2, 3], "u32");
    assertThrows(
      () => backend.ops.fill({ tensor: ids, value: 1 }),
      TypeError,
      "f32",
    );
    assertThrows(
      () =>
        backend.ops.oneHotLinear({ ids: reals, weight: reals, output: reals }),
      Error,
    );
    assertThrows(
      () => backend.ops.sample({ logits: reals, tokens: ids.view(0, [3]) }),
      RangeError,
      "sample: tokens is u32 (3), expected ",
    );
    for (const firstId of [-1, 3, 0.5]) {
      const tensors = { logits: reals, tokens: ids.view(0, [2]) };
      assertThrows(
        () => backend.ops.sample({ ...tensors, firstId }),
        RangeError,
        `firstId is ${firstId}, expected a whole number from 0 to 2`,
      );
    }
    assertThrows(() => backend.write(reals, [1, 2]), RangeError, "2 values");
    assertThrows(() => reals.at(2), RangeError, "from 0 to 1");
    assertThrows(() => reals.view(4, [3]), RangeError, "elements 4 to 7");
    assertThrows(() => backend.allocate([2, 0]), RangeError, "above zero");
    return Promise.resolve();
  });
}
