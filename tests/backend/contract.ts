/**
 * The contract of every backend: each op against the float64 reference.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Backend, Ops, Tensor } from "../../lib/backend/backend.ts";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { sizeOf } from "../../lib/backend/shapes.ts";
import { randomNormal } from "../../lib/random.ts";

/** An argument of an op: `values` go in, `tolerance` marks a result. */
interface Argument {
  readonly shape: readonly number[];
  readonly dtype?: "f32" | "u32";
  readonly values?: ArrayLike<number>;
  /** Greatest distance to the float64 reference; there for results alone. */
  readonly tolerance?: number;
}

/** A named set of arguments and the op that is called on them. */
interface Case {
  readonly name: string;
  readonly arguments: Readonly<Record<string, Argument>>;
  // deno-lint-ignore no-explicit-any -- the op's own type is checked where it is called
  readonly call: (ops: Ops, tensors: any) => void;
}

/** Unit roundoff of float32. */
const U = 2 ** -24;

/**
 * Error of a float32 sum of `n` products of factors that are about normal,
 * with standard deviations whose product is `scale`. The partial sums are random
 * walks that stay below 4·√n·scale, and each of n additions and n products rounds
 * by U of that at the most; rounding errors are of random sign too, but that is
 * not relied on.
 */
function sumTolerance(n: number, scale = 1): number {
  return 2 * n * U * 4 * Math.sqrt(n) * scale;
}

/**
 * Error of T recurrent steps: the recurrent weights below have a spectral radius
 * near 0.5, so that an error of one step adds up to twice itself at the most, times
 * 4 for the direction of greatest gain; tanh itself may be 1e-6 off.
 */
function recurrentTolerance(H: number, scale = 1): number {
  return 8 * (sumTolerance(H + 2, scale * 0.5 / Math.sqrt(H)) + 1e-6 * scale);
}

/** Float32 numbers, about normal, the same in every run. */
function normal(length: number, deviation = 1, seed = length): Float32Array {
  const draws = randomNormal(seed, { stream: "parameters" }, length);
  return Float32Array.from(draws, (x) => x * deviation);
}

/** Token ids below V that reach both ends and leave gaps. */
function tokenIds(length: number, V: number): Uint32Array {
  return Uint32Array.from({ length }, (_, i) => (i * i * 7 + V - 1) % V);
}

/** Dimensions all different, then each at 1, then beyond the usual tiles. */
const SIZES = [
  { T: 5, B: 3, H: 37, V: 11 },
  { T: 1, B: 3, H: 18, V: 7 },
  { T: 6, B: 1, H: 35, V: 28 },
  { T: 1, B: 1, H: 66, V: 2 },
  { T: 4, B: 2, H: 1, V: 3 },
  { T: 3, B: 33, H: 131, V: 65 },
  { T: 35, B: 32, H: 64, V: 28 },
  { T: 2, B: 5, H: 17, V: 300 },
  { T: 2, B: 16, H: 512, V: 28 },
  { T: 3, B: 7, H: 257, V: 28 },
] as const;

function cases(): Case[] {
  const all: Case[] = [];
  for (const { T, B, H, V } of SIZES) {
    const size = `T ${T}, B ${B}, H ${H}, V ${V}`;
    const ids = { shape: [T, B], dtype: "u32", values: tokenIds(T * B, V) };
    const hidden = normal(T * B * H, 1, 1);
    const rows = T * B;
    all.push({
      name: `embedding: ${size}`,
      arguments: {
        ids: ids as Argument,
        weight: { shape: [H, V], values: normal(H * V) },
        output: { shape: [T, B, H], tolerance: 0 },
      },
      call: (ops, tensors) => ops.embedding(tensors),
    }, {
      name: `embeddingBackward: ${size}`,
      arguments: {
        ids: ids as Argument,
        dOutput: { shape: [T, B, H], values: hidden },
        dWeight: { shape: [H, V], tolerance: sumTolerance(rows) },
      },
      call: (ops, tensors) => ops.embeddingBackward(tensors),
    });
    for (const bias of [true, false]) {
      all.push({
        name: `linear ${bias ? "with" : "without"} bias: ${size}`,
        arguments: {
          input: { shape: [T, B, H], values: hidden },
          weight: { shape: [V, H], values: normal(V * H) },
          ...(bias && { bias: { shape: [V], values: normal(V) } }),
          output: { shape: [T, B, V], tolerance: sumTolerance(H + 1) },
        },
        call: (ops, tensors) => ops.linear(tensors),
      }, {
        name: `linearBackward ${bias ? "with" : "without"} ` +
          `dInput and dBias: ${size}`,
        arguments: {
          input: { shape: [T, B, H], values: hidden },
          weight: { shape: [V, H], values: normal(V * H) },
          dOutput: { shape: [T, B, V], values: normal(rows * V, 1, 2) },
          dWeight: { shape: [V, H], tolerance: sumTolerance(rows) },
          ...(bias && {
            dInput: { shape: [T, B, H], tolerance: sumTolerance(V) },
            dBias: { shape: [V], tolerance: sumTolerance(rows) },
          }),
        },
        call: (ops, tensors) => ops.linearBackward(tensors),
      });
    }
    for (const activation of ["tanh", "relu"] as const) {
      const recurrent = {
        weight: { shape: [H, H], values: normal(H * H, 0.5 / Math.sqrt(H), 3) },
        initialState: { shape: [B, H], values: normal(B * H, 0.5, 4) },
      };
      // relu has no bound on its states; 8 is beyond what these weights reach.
      const scale = activation === "tanh" ? 1 : 8;
      all.push({
        name: `rnn, ${activation}: ${size}`,
        arguments: {
          input: { shape: [T, B, H], values: hidden },
          ...recurrent,
          bias: { shape: [H], values: normal(H, 0.3, 5) },
          output: {
            shape: [T, B, H],
            tolerance: recurrentTolerance(H, scale),
          },
        },
        call: (ops, tensors) => ops.rnn({ ...tensors, activation }),
      }, {
        name: `rnnBackward, ${activation}: ${size}`,
        arguments: {
          ...recurrent,
          // Any numbers from −1 to 1 do for states; relu's gradient needs both signs.
          output: {
            shape: [T, B, H],
            values: hidden.map((x) => Math.tanh(x)),
          },
          dOutput: { shape: [T, B, H], values: normal(rows * H, 1, 6) },
          dInput: { shape: [T, B, H], tolerance: recurrentTolerance(H, 2) },
          dWeight: {
            shape: [H, H],
            tolerance: sumTolerance(rows, 2) +
              4 * Math.sqrt(rows) * recurrentTolerance(H, 2),
          },
          dBias: {
            shape: [H],
            tolerance: sumTolerance(rows, 2) +
              4 * Math.sqrt(rows) * recurrentTolerance(H, 2),
          },
        },
        call: (ops, tensors) => ops.rnnBackward({ ...tensors, activation }),
      });
    }
    for (const gradient of [true, false]) {
      all.push({
        name: `softmaxCrossEntropy ${gradient ? "with" : "without"} ` +
          `dLogits: ${size}`,
        arguments: {
          logits: { shape: [T, B, V], values: normal(rows * V, 3) },
          targets: ids as Argument,
          // Losses are below 32 here and each sum has V or `rows` terms.
          loss: { shape: [], tolerance: U * 32 * (V + rows) },
          ...(gradient && {
            // A probability below 1, V roundings, and exp within a few of U.
            dLogits: { shape: [T, B, V], tolerance: U * (V + 32) / rows },
          }),
        },
        call: (ops, tensors) => ops.softmaxCrossEntropy(tensors),
      });
    }
    all.push({
      name: `sample: ${size}`,
      arguments: {
        logits: { shape: [B, V], values: normal(B * V) },
        tokens: { shape: [B], dtype: "u32", tolerance: 0 },
      },
      call: (ops, tensors) => ops.sample(tensors),
    });
  }
  for (const P of [1, 63, 64, 65, 1000, 4097, 70_000]) {
    all.push({
      name: `globalNorm: P ${P}`,
      arguments: {
        gradients: { shape: [P], values: normal(P) },
        // The norm is about √P; P positive terms round by U·P/2 at the most on
        // the way up to P, which the root halves.
        norm: { shape: [], tolerance: U * (P / 2 + 4) * Math.sqrt(P) },
      },
      call: (ops, tensors) => ops.globalNorm(tensors),
    });
    for (const clipNorm of [0, 1, 1e6]) {
      all.push({
        name: `update: P ${P}, clipNorm ${clipNorm}`,
        arguments: {
          parameters: {
            shape: [P],
            values: normal(P, 1, 8),
            tolerance: 16 * U * 4, // a product and a difference of numbers below 8
          },
          gradients: { shape: [P], values: normal(P, 1, 9) },
          norm: { shape: [], values: [Math.fround(Math.sqrt(P) * 1.01)] },
        },
        call: (ops, tensors) =>
          ops.update({ ...tensors, learningRate: 0.5, clipNorm }),
      });
    }
    all.push({
      name: `fill: P ${P}`,
      arguments: { tensor: { shape: [P], tolerance: 0 } },
      call: (ops, tensors) => ops.fill({ ...tensors, value: -2.5 }),
    }, {
      name: `copy: P ${P}`,
      arguments: {
        source: { shape: [P], values: normal(P) },
        destination: { shape: [P], tolerance: 0 },
      },
      call: (ops, tensors) => ops.copy(tensors),
    }, {
      name: `copy of token ids: P ${P}`,
      arguments: {
        source: {
          shape: [P],
          dtype: "u32",
          values: tokenIds(P, 4_000_000_000),
        },
        destination: { shape: [P], dtype: "u32", tolerance: 0 },
      },
      call: (ops, tensors) => ops.copy(tensors),
    });
  }
  return all;
}

/** Numbers around an argument in a larger tensor: an op must leave them alone. */
const GUARD = 3;
const GUARD_VALUE = 12345;

/** Runs a case and reads every argument back, the guards included. */
async function run(
  backend: Backend,
  { arguments: given, call }: Case,
): Promise<Record<string, ArrayLike<number>>> {
  const owners: Record<string, Tensor> = {};
  const views: Record<string, Tensor> = {};
  for (const [name, { shape, dtype, values }] of Object.entries(given)) {
    const size = sizeOf(shape);
    const owner = backend.allocate([GUARD + size + GUARD], dtype);
    const initial = new Array(GUARD + size + GUARD).fill(GUARD_VALUE);
    // What a result held before must not matter.
    for (let i = 0; i < size; i++) initial[GUARD + i] = values?.[i] ?? 7777;
    backend.write(owner, initial);
    owners[name] = owner;
    views[name] = owner.view(GUARD, shape);
  }
  call(backend.ops, views);
  const results: Record<string, ArrayLike<number>> = {};
  for (const [name, owner] of Object.entries(owners)) {
    results[name] = await backend.read(owner);
    backend.free(owner);
  }
  return results;
}

/** Throws where an element is further than its argument's tolerance allows. */
function compare(
  { name, arguments: given }: Case,
  actual: Record<string, ArrayLike<number>>,
  expected: Record<string, ArrayLike<number>>,
): void {
  for (const [argument, { shape, tolerance = 0 }] of Object.entries(given)) {
    const size = sizeOf(shape);
    for (let i = 0; i < size + 2 * GUARD; i++) {
      const inside = i >= GUARD && i < GUARD + size;
      const distance = Math.abs(actual[argument][i] - expected[argument][i]);
      if (distance <= (inside ? tolerance : 0)) continue;
      throw new Error(
        `${name}: ${argument}[${i - GUARD}] is ${actual[argument][i]}, ` +
          `expected ${expected[argument][i]} within ${tolerance}` +
          (inside ? "" : " (outside of the tensor)"),
      );
    }
  }
}

/**
 * Tests a backend against the reference.
 *
 * @param name What the tests are called by.
 * @param open Opens the backend; the tests dispose it.
 * @param ignore Why the backend cannot be tested here, or nothing.
 */
export function testBackend(
  name: string,
  open: () => Backend | Promise<Backend>,
  ignore?: string,
): void {
  const test = (what: string, run: (backend: Backend) => Promise<void>) =>
    Deno.test({
      name: `${name}: ${what}` + (ignore ? ` (ignored: ${ignore})` : ""),
      ignore: ignore !== undefined,
      fn: async () => {
        using backend = await open();
        await run(backend);
      },
    });

  const groups = Map.groupBy(cases(), (one) => one.name.split(/[,: ]/)[0]);
  for (const [op, members] of groups) {
    test(`${op} is the reference's`, async (backend) => {
      using reference = openReference({ precision: "float64" });
      for (const member of members) {
        const actual = await run(backend, member);
        compare(member, actual, await run(reference, member));
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
          await run(backend, member),
          actual,
        );
      }
    });
  }

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

  test("rnn with great sums stays finite", async (backend) => {
    const great = [0, 5, 9, 9.5, 15, 44, 89, 100, 1e4, 1e30];
    const input = [...great, ...great.map((x) => -x)];
    const H = input.length;
    const tensors = {
      input: backend.allocate([1, 1, H]),
      weight: backend.allocate([H, H]),
      bias: backend.allocate([H]),
      initialState: backend.allocate([1, H]),
      output: backend.allocate([1, 1, H]),
    };
    backend.write(tensors.input, input);
    backend.ops.rnn({ ...tensors, activation: "tanh" });
    const output = await backend.read(tensors.output);
    input.forEach((x, i) => {
      assert(Math.abs(output[i] - Math.tanh(x)) <= 1e-6, `tanh(${x})`);
    });
  });

  test("softmaxCrossEntropy with great logits stays finite", async (backend) => {
    const logits = backend.allocate([1, 2, 3]);
    const targets = backend.allocate([1, 2], "u32");
    const loss = backend.allocate([]), dLogits = backend.allocate([1, 2, 3]);
    backend.write(logits, [1e4, 0, -1e4, -1e4, -1e4, -1e4]);
    backend.write(targets, [1, 2]);
    backend.ops.softmaxCrossEntropy({ logits, targets, loss, dLogits });
    const expected = (1e4 + Math.log(3)) / 2;
    const actual = (await backend.read(loss))[0];
    assert(Math.abs(actual - expected) <= 8 * U * 1e4, `loss ${actual}`);
    const gradient = [0.5, -0.5, 0, 1 / 6, 1 / 6, -1 / 3];
    (await backend.read(dLogits)).forEach((d, i) => {
      assert(Math.abs(d - gradient[i]) <= 1e-6, `dLogits[${i}] ${d}`);
    });
  });

  for (const bad of [NaN, Infinity]) {
    test(`update leaves out a step whose norm is ${bad}`, async (backend) => {
      const parameters = backend.allocate([67]);
      const gradients = backend.allocate([67]), norm = backend.allocate([]);
      backend.write(parameters, normal(67));
      backend.write(gradients, normal(67).fill(bad, 50, 51));
      backend.ops.globalNorm({ gradients, norm });
      for (const clipNorm of [0, 1]) {
        backend.ops.update({
          parameters,
          gradients,
          norm,
          learningRate: 1,
          clipNorm,
        });
      }
      assert(!Number.isFinite((await backend.read(norm))[0]));
      assertEquals([...await backend.read(parameters)], [...normal(67)]);
    });
  }

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
      () => backend.ops.embedding({ ids: reals, weight: reals, output: reals }),
      Error,
    );
    assertThrows(
      () => backend.ops.sample({ logits: reals, tokens: ids.view(0, [3]) }),
      RangeError,
      "sample: tokens is u32 (3), expected (2)",
    );
    assertThrows(() => backend.write(reals, [1, 2]), RangeError, "2 values");
    assertThrows(() => reals.at(2), RangeError, "from 0 to 1");
    assertThrows(() => reals.view(4, [3]), RangeError, "elements 4 to 7");
    assertThrows(() => backend.allocate([2, 0]), RangeError, "above zero");
    return Promise.resolve();
  });
}
