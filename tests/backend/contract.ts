/**
 * The contract of every backend: each op against the float64 reference.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Backend, Tensor } from "../../lib/backend/backend.ts";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { sizeOf } from "../../lib/backend/shapes.ts";
import { type Case, cases, normal, U } from "./cases.ts";

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

  test("globalNorm has no square overflow or vanish", async (backend) => {
    const P = 1000, gradients = backend.allocate([P]);
    const norm = backend.allocate([]);
    for (const size of [1e19, 1e37, 1e-30, 1e-37, 1]) {
      backend.write(gradients, new Array(P).fill(size));
      backend.ops.globalNorm({ gradients, norm });
      const actual = (await backend.read(norm))[0];
      const expected = Math.sqrt(P) * size;
      // P terms of one sign round by U·P/2 on the way, which the root halves.
      const tolerance = U * (P / 2 + 8) * expected;
      assert(Math.abs(actual - expected) <= tolerance, `of ${size}: ${actual}`);
    }
    // A sum that is beyond float32 itself is infinite wherever that is the type.
    backend.write(gradients, new Array(P).fill(3e38));
    backend.ops.globalNorm({ gradients, norm });
    const values = await backend.read(norm);
    assertEquals(
      Number.isFinite(values[0]),
      values instanceof Float64Array,
      `${values[0]}`,
    );
  });

  for (const bad of [NaN, Infinity, -Infinity]) {
    test(`update leaves out a step whose norm is ${bad}`, async (backend) => {
      const parameters = backend.allocate([67]);
      const gradients = backend.allocate([67]), norm = backend.allocate([]);
      const moments = backend.allocate([2, 67]);
      backend.write(parameters, normal(67));
      backend.write(gradients, normal(67).fill(bad, 50, 51));
      backend.ops.globalNorm({ gradients, norm });
      for (const clipNorm of [0, 1]) {
        for (
          const rule of ["sgd", "momentum", "adam", "adamw", "rmsprop"] as const
        ) {
          backend.ops.update({
            rule,
            parameters,
            gradients,
            norm,
            firstMoment: moments.at(0),
            secondMoment: moments.at(1),
            learningRate: 1,
            clipNorm,
            clipValue: 1,
            weightDecay: 0.1,
            beta1: 0.9,
            beta2: 0.99,
            epsilon: 1e-8,
            correction1: 1,
            correction2: 1,
          });
        }
      }
      assert(!Number.isFinite((await backend.read(norm))[0]));
      assertEquals([...await backend.read(parameters)], [...normal(67)]);
      assertEquals([...await backend.read(moments)], new Array(134).fill(0));
    });
  }

  for (const rule of ["sgd", "momentum", "adam", "adamw", "rmsprop"] as const) {
    test(`update by ${rule} keeps what would not be finite`, async (backend) => {
      const [parameters, gradients, first, second] = Array.from(
        { length: 4 },
        () => backend.allocate([7]),
      );
      const norm = backend.allocate([]);
      const isDouble = await backend.read(norm) instanceof Float64Array;
      const most = isDouble ? Number.MAX_VALUE : (2 - 2 ** -23) * 2 ** 127;
      // The square of the last alone overflows, which two of the rules do not take.
      const great = isDouble ? 2 ** 600 : 2 ** 80;
      const old = [
        [1, -most, 1, 1, 2, most, 1],
        [1, -most, most, 0, -1, 0, 0],
        [1, 0, 1, most, 1, 0, 1],
      ];
      const tensors = [parameters, first, second];
      tensors.forEach((tensor, i) => backend.write(tensor, old[i]));
      backend.write(gradients, [0.5, most, most, most, -0.5, -most, great]);
      backend.write(norm, [1]);
      backend.ops.update({
        rule,
        parameters,
        gradients,
        norm,
        firstMoment: first,
        secondMoment: second,
        learningRate: 2,
        clipNorm: 0,
        beta1: 0.5,
        beta2: 0.5,
        epsilon: 1e-8,
      });
      const now = await Promise.all(tensors.map((one) => backend.read(one)));
      const isKept = (i: number) => now.every((all, k) => all[i] === old[k][i]);
      const squares = rule !== "sgd" && rule !== "momentum";
      assertEquals(
        old[0].map((_, i) => isKept(i)),
        [false, true, true, true, false, true, squares],
        now.map((values) => values.join(" ")).join("; "),
      );
      assert(now.every((values) => values.every(Number.isFinite)));
    });
  }

  test("a gradient of any size is clipped to the norm", async (backend) => {
    const P = 1000, gradients = backend.allocate([P]);
    const parameters = backend.allocate([P]), norm = backend.allocate([]);
    for (const size of [1e37, 1e19, 1, 1e-30]) {
      backend.write(parameters, new Array(P).fill(0));
      backend.write(gradients, new Array(P).fill(size));
      backend.ops.globalNorm({ gradients, norm });
      const clipNorm = Math.fround(size < 1 ? 1e-30 : 1);
      const settings = { learningRate: 1, clipNorm };
      backend.ops.update({ parameters, gradients, norm, ...settings });
      const moved = (await backend.read(parameters))[P - 1];
      const expected = -clipNorm / Math.sqrt(P);
      // The norm's error, of P terms of one sign, and a few roundings.
      const tolerance = U * (P / 2 + 16) * Math.abs(expected);
      assert(Math.abs(moved - expected) <= tolerance, `of ${size}: ${moved}`);
    }
  });

  test("carry leaves zeros where the norm or a state is not finite", async (backend) => {
    const P = 67, source = backend.allocate([P]);
    const destination = backend.allocate([P]), norm = backend.allocate([]);
    const carried = async (values: ArrayLike<number>, length: number) => {
      backend.write(source, values);
      backend.write(destination, new Array(P).fill(NaN));
      backend.write(norm, [length]);
      backend.ops.carry({ source, destination, norm });
      return [...await backend.read(destination)];
    };
    for (const bad of [NaN, -NaN, Infinity, -Infinity]) {
      const zeros = new Array(P).fill(0);
      assertEquals(await carried(normal(P), bad), zeros);
      assertEquals(await carried(normal(P).fill(bad), bad), zeros);
      // A norm that has not seen it cannot let it through.
      for (const at of [0, 5, 66]) {
        assertEquals(
          await carried(normal(P).fill(bad, at, at + 1), 1),
          [...normal(P).fill(0, at, at + 1)],
        );
      }
    }
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

  test("gru and lstm with great sums stay finite", async (backend) => {
    const great = [0, 9, 44, 89, 100, 1e4, 1e30, -9, -44, -89, -100, -1e30];
    const H = great.length;
    for (const [cell, G] of [["gru", 3], ["lstm", 4]] as const) {
      const input = Array.from({ length: G }, () => great).flat();
      const tensors = {
        input: backend.allocate([1, 1, G * H]),
        weight: backend.allocate([G * H, H]),
        bias: backend.allocate([G * H]),
        hiddenBias: backend.allocate([H]),
        initialState: backend.allocate([1, H]),
        initialCell: backend.allocate([1, H]),
        output: backend.allocate([1, 1, H]),
        cells: backend.allocate([1, 1, H]),
        gates: backend.allocate([1, 1, 4 * H]),
      };
      backend.write(tensors.input, input);
      if (cell === "gru") backend.ops.gru(tensors);
      else backend.ops.lstm(tensors);
      const output = await backend.read(tensors.output);
      great.forEach((x, i) => {
        const s = 1 / (1 + Math.exp(-x));
        const expected = cell === "gru"
          ? (1 - s) * Math.tanh(x)
          : s * Math.tanh(s * Math.tanh(x));
        assert(Math.abs(output[i] - expected) <= 4e-6, `${cell} of ${x}`);
      });
    }
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
