import { assert, assertEquals, assertThrows } from "@std/assert";
import { openBuild } from "../../lib/backend/wasm/wasm_backend.ts";

/** An op that takes scratch: its sizes, and what else stands around them. */
interface Call {
  readonly tensors: number;
  readonly sizes: readonly number[];
  readonly scalars?: readonly number[];
}

/** Sizes that are no multiple of a tile, of many rows and of few. */
const CALLS: readonly (readonly [op: string, ...calls: Call[]])[] = [
  ["oneHotLinear", { tensors: 3, sizes: [9, 5, 3] }],
  ...["linear", "linearBackward"].map((op) => {
    const tensors = op === "linear" ? 4 : 3;
    return [
      op,
      { tensors, sizes: [9, 5, 11] },
      { tensors, sizes: [2, 5, 11] },
    ] as const;
  }),
  ...[
    { op: "rnn", tensors: 5, scalars: [0] },
    { op: "rnnBackward", tensors: 4, scalars: [1] },
    { op: "gru", tensors: 7 },
    { op: "gruBackward", tensors: 7 },
    { op: "lstm", tensors: 8 },
    { op: "lstmBackward", tensors: 6 },
  ].map(({ op, tensors, scalars }) =>
    [
      op,
      { tensors, sizes: [3, 6, 7], scalars },
      { tensors, sizes: [40, 5, 3], scalars },
      { tensors, sizes: [3, 2, 7], scalars },
    ] as const
  ),
  [
    "weightGradients",
    { tensors: 13, sizes: [3, 3, 70, 5, 7, 3] }, // the tokens take the most
    { tensors: 13, sizes: [40, 3, 3, 5, 7, 3] }, // the recurrent weight does
    { tensors: 13, sizes: [40, 3, 3, 5, 7, 30] }, // the head's does
  ],
  ["head", { tensors: 10, sizes: [9, 5, 7] }, {
    tensors: 10,
    sizes: [2, 5, 7],
  }],
  [
    "finish",
    {
      tensors: 5,
      sizes: [16_385],
      scalars: [2, 0.1, 1, 1, 0.1, 0.9, 0.99, 1e-8, 1, 1],
    },
  ],
  ["sample", { tensors: 5, sizes: [3, 9], scalars: [0, 1, 3, 0.9, 1.2] }],
];

/** The kernels, called by name with addresses and numbers. */
type Kernels = Record<string, (...numbers: number[]) => number>;

const open = () => openBuild("relaxed", { threads: 1 });

Deno.test("an op of the WASM kernels keeps within its scratch", async () => {
  using backend = await open();
  const { heap, threads } = backend;
  const kernels = threads.kernels as unknown as Kernels;
  const GUARD = 1024, POISON = 0x7fc0beef;
  for (const [op, ...calls] of CALLS) {
    for (const { tensors, sizes, scalars = [] } of calls) {
      const bytes = kernels[`${op}Scratch`](...sizes);
      const places = Array.from({ length: tensors }, () => {
        const address = heap.allocate(4 * 20_000);
        heap.f32.fill(0, address / 4, address / 4 + 20_000);
        return address;
      });
      const scratch = heap.allocate(bytes + 4 * GUARD);
      const end = (scratch + bytes) / 4;
      assert(Number.isInteger(end), op);
      heap.u32.fill(POISON, end, end + GUARD);
      kernels[op](...places, ...sizes, ...scalars, scratch);
      assert(
        heap.u32.subarray(end, end + GUARD).every((word) => word === POISON),
        `${op} of sizes ${sizes} writes behind its ${bytes} bytes`,
      );
      for (const address of [...places, scratch]) heap.free(address);
    }
  }
  const names = Object.keys(kernels).filter((name) => name.endsWith("Scratch"));
  assertEquals(
    names.sort(),
    CALLS.map(([op]) => `${op}Scratch`).sort(),
    "every op that takes scratch is called here",
  );
});

Deno.test("scratch that no address reaches is stated, not wrapped", async () => {
  using backend = await open();
  const kernels = backend.threads.kernels as unknown as Kernels;
  assertEquals(
    kernels.linearBackwardScratch(2 ** 21, 2 ** 10, 2 ** 10),
    4 * (2 ** 31 + 2 ** 20),
  );
  assert(kernels.gruBackwardScratch(1, 2 ** 18, 2 ** 11) > 2 ** 32);
  assertEquals(kernels.sampleScratch(2 ** 15, 2 ** 15), 2 ** 33);
});

Deno.test("the WASM kernels know no optimizer beyond their table", async () => {
  using backend = await open();
  const { heap, threads } = backend;
  const kernels = threads.kernels as unknown as Kernels;
  const [parameters, gradients, norm, scratch] = [64, 64, 4, 8].map((bytes) => {
    const address = heap.allocate(bytes);
    heap.f32.fill(1, address / 4, (address + bytes) / 4);
    return address;
  });
  for (const rule of [-1, 5, 6, 1000]) {
    assertThrows(
      () =>
        kernels.finish(
          ...[parameters, gradients, norm, 0, 0],
          16,
          rule,
          ...[0.1, 0, 0, 0, 0.9, 0.99, 1e-8, 1, 1],
          scratch,
        ),
      WebAssembly.RuntimeError,
    );
    const values = heap.f32.subarray(parameters / 4, parameters / 4 + 16);
    assert(values.every((value) => value === 1));
  }
});
