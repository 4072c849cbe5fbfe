import { assert, assertEquals, assertThrows } from "@std/assert";
import type { OpName } from "../../lib/backend/compiled_op.ts";
import { SIGNATURES, UPDATE_RULES } from "../../lib/backend/ops.ts";
import { openBuild } from "../../lib/backend/wasm/wasm_backend.ts";
import { LAYER_OPS } from "./layer.ts";

/** A kernel that takes scratch: its sizes, and its scalars as numbers. */
interface Call {
  readonly sizes: readonly number[];
  readonly scalars?: readonly number[];
}

/** Sizes that are no multiple of a tile, of many rows and of few. */
const LINEAR = [{ sizes: [9, 5, 11] }, { sizes: [2, 5, 11] }];

/** The same for layers, of every choice that one may have. */
const LAYER = [[3, 6, 7], [40, 5, 3], [3, 2, 7]]
  .flatMap((sizes) => [0, 1].map((choice) => ({ sizes, choice })));

const CALLS: ReadonlyMap<string, readonly Call[]> = new Map([
  ["oneHotLinear", [{ sizes: [9, 5, 3] }]],
  ["linear", LINEAR],
  ["linearBackward", LINEAR],
  ...LAYER_OPS.map((op) =>
    [
      op,
      LAYER.map(({ sizes, choice }) => ({
        sizes,
        scalars: Object.keys(SIGNATURES[op].scalars).map(() => choice),
      })),
    ] as const
  ),
  ["weightGradients", [
    { sizes: [3, 3, 70, 5, 7, 3] }, // the tokens take the most
    { sizes: [40, 3, 3, 5, 7, 3] }, // the recurrent weight does
    { sizes: [40, 3, 3, 5, 7, 30] }, // the head's does
  ]],
  ["head", [{ sizes: [9, 5, 7] }, { sizes: [2, 5, 7] }]],
  ["finish", [{
    sizes: [16_385],
    scalars: [2, 0.1, 1, 1, 0.1, 0.9, 0.99, 1e-8, 1, 1],
  }]],
  ["sample", [{ sizes: [3, 9], scalars: [0, 1, 3, 0.9, 1.2] }]],
]);

/** The kernels, called by name with addresses and numbers. */
type Kernels = Record<string, (...numbers: number[]) => number>;

const open = () => openBuild("relaxed", { threads: 1 });

Deno.test("an op of the WASM kernels keeps within its scratch", async () => {
  using backend = await open();
  const { heap, threads } = backend;
  const kernels = threads.kernels as unknown as Kernels;
  const GUARD = 1024, POISON = 0x7fc0beef;
  for (const [op, calls] of CALLS) {
    const tensors = Object.keys(SIGNATURES[op as OpName].tensors).length;
    for (const { sizes, scalars = [] } of calls) {
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
    [...CALLS.keys()].map((op) => `${op}Scratch`).sort(),
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
  const count = Object.keys(UPDATE_RULES).length;
  for (const rule of [-1, count, count + 1, 1000]) {
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
