/**
 * Ops at the limits of numbers and of their settings, on every backend: what overflows,
 * what is not a number, what no word holds.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Backend, Tensor } from "../../lib/backend/backend.ts";
import type { Sample } from "../../lib/backend/ops.ts";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { CELL_NAMES, CELLS } from "../../lib/model/cells.ts";
import { OPTIMIZER_NAMES, OPTIMIZERS } from "../../lib/training/optimizer.ts";
import { normal, U } from "./cases.ts";
import { layerOf } from "./layer.ts";

/**
 * Tests a backend at its limits.
 *
 * @param test Declares a test on the backend.
 */
export function testLimits(
  test: (what: string, run: (backend: Backend) => Promise<void>) => void,
): void {
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

  test("head with great logits stays finite", async (backend) => {
    for (const V of [3, 300]) {
      const { tensors, write } = headOf(backend, { rows: 2, H: 1, V });
      const bias = [1e4, 0, ...new Array(V - 2).fill(-1e4)];
      write(tensors.bias, bias);
      write(tensors.targets, [1, 2]);
      backend.ops.head(tensors);
      const expected = (1e4 + 2e4) / 2;
      const actual = (await backend.read(tensors.loss))[0];
      assert(Math.abs(actual - expected) <= 8 * U * 2e4, `loss ${actual}`);
      const gradient = await backend.read(tensors.dLogits);
      const rows = [[0.5, -0.5, 0], [0.5, 0, -0.5]];
      rows.forEach((row, r) =>
        row.forEach((d, v) => {
          const actual = gradient[r * V + v];
          assert(Math.abs(actual - d) <= 1e-6, `dLogits[${r}, ${v}] ${actual}`);
        })
      );
    }
  });

  test("a logit that is no number shows in the loss, unless its weight is 0", async (backend) => {
    for (const V of [3, 300]) {
      for (const bad of [NaN, Infinity]) {
        const { tensors, write } = headOf(backend, { rows: 2, H: 2, V });
        const targetWeights = backend.allocate([1, 2]);
        write(tensors.input, [1, 0, 0, bad]);
        write(tensors.weight, normal(V * 2));
        for (const logits of [undefined, backend.allocate([1, 2, V])]) {
          backend.ops.head({ ...tensors, logits });
          const { loss, dLogits, dInput } = tensors;
          assert(!Number.isFinite((await backend.read(loss))[0]));
          const gradients = [...await backend.read(dInput)];
          assert(gradients.slice(0, 2).every(Number.isFinite));
          assert(!gradients.slice(2).every(Number.isFinite), `${gradients}`);
          write(targetWeights, [1, 0]);
          backend.ops.head({ ...tensors, logits, targetWeights });
          assert(Number.isFinite((await backend.read(loss))[0]));
          assertEquals([...await backend.read(dInput)].slice(2), [0, 0]);
          const zeros = new Array(V).fill(0);
          assertEquals([...await backend.read(dLogits)].slice(V), zeros);
        }
      }
    }
  });

  test("the norm has no square overflow or vanish", async (backend) => {
    const P = 1000, gradients = backend.allocate([P]);
    const parameters = backend.allocate([P]), norm = backend.allocate([]);
    const still = { parameters, learningRate: 0, clipNorm: 0 };
    for (const size of [1e19, 1e37, 1e-30, 1e-37, 1]) {
      backend.write(gradients, new Array(P).fill(size));
      backend.ops.finish({ ...still, gradients, norm });
      const actual = (await backend.read(norm))[0];
      const expected = Math.sqrt(P) * size;
      // P terms of one sign round by U·P/2 on the way, which the root halves.
      const tolerance = U * (P / 2 + 8) * expected;
      assert(Math.abs(actual - expected) <= tolerance, `of ${size}: ${actual}`);
    }
    // A sum that is beyond float32 itself is infinite wherever that is the type.
    backend.write(gradients, new Array(P).fill(3e38));
    backend.ops.finish({ ...still, gradients, norm });
    const values = await backend.read(norm);
    assertEquals(
      Number.isFinite(values[0]),
      values instanceof Float64Array,
      `${values[0]}`,
    );
  });

  for (const bad of [NaN, Infinity, -Infinity]) {
    test(`finish leaves out an update whose norm is ${bad}`, async (backend) => {
      const parameters = backend.allocate([67]);
      const gradients = backend.allocate([67]), norm = backend.allocate([]);
      const moments = backend.allocate([2, 67]);
      backend.write(parameters, normal(67));
      backend.write(gradients, normal(67).fill(bad, 50, 51));
      for (const clipNorm of [0, 1]) {
        for (const rule of OPTIMIZER_NAMES) {
          backend.ops.finish({
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

  for (const rule of OPTIMIZER_NAMES) {
    test(`finish by ${rule} keeps what would not be finite`, async (backend) => {
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
      // Of these the norm is still finite.
      const g = most / 8;
      backend.write(gradients, [0.5, g, g, g, -0.5, -g, great]);
      backend.ops.finish({
        rule,
        parameters,
        gradients,
        norm,
        firstMoment: first,
        secondMoment: second,
        learningRate: 32,
        clipNorm: 0,
        beta1: 0.5,
        beta2: 0.5,
        epsilon: 1e-8,
      });
      const now = await Promise.all(tensors.map((one) => backend.read(one)));
      const isKept = (i: number) => now.every((all, k) => all[i] === old[k][i]);
      const squares = OPTIMIZERS[rule].second !== undefined;
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
      const clipNorm = Math.fround(size < 1 ? 1e-30 : 1);
      const settings = { learningRate: 1, clipNorm };
      backend.ops.finish({ parameters, gradients, norm, ...settings });
      const moved = (await backend.read(parameters))[P - 1];
      const expected = -clipNorm / Math.sqrt(P);
      // The norm's error, of P terms of one sign, and a few roundings.
      const tolerance = U * (P / 2 + 16) * Math.abs(expected);
      assert(Math.abs(moved - expected) <= tolerance, `of ${size}: ${moved}`);
    }
    // A clip norm that float32 has no number for is no less of a clip.
    const settings = { learningRate: 1, clipNorm: 1e-50 };
    backend.write(parameters, new Array(P).fill(0));
    backend.write(gradients, new Array(P).fill(1));
    backend.ops.finish({ parameters, gradients, norm, ...settings });
    const moved = (await backend.read(parameters))[0];
    assert(Math.abs(moved) <= 2 ** -126, `${moved}`);
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

  test("sample at the end of a setting is what the end means", async (backend) => {
    const row = [3, 1, -1, 3.5, 0, 2, -2]; // 3 is the likeliest, 6 the least likely
    const chances = [0, 0.3, 0.6, 0.9999];
    const all = await drawn(backend, row, chances, {});
    assertEquals(all, [0, 0, 3, 6]);
    const likeliest = [3, 3, 3, 3], even = [0, 2, 4, 6];
    const ends: [Partial<Sample>, number[]][] = [
      // A word of 32 bits would make 1 of it, and so 3 of every token.
      [{ topK: 2 ** 32 + 1 }, all],
      [{ topK: Number.MAX_SAFE_INTEGER }, all],
      [{ topK: row.length }, all],
      [{ topK: 1 }, likeliest],
      [{ topP: 1 }, all],
      [{ topP: 1 - 2 ** -53 }, all],
      [{ topP: Number.MIN_VALUE }, likeliest],
      [{ temperature: Number.MIN_VALUE }, likeliest],
      [{ temperature: Number.MAX_VALUE }, even],
      [{ temperature: Number.MAX_VALUE, topK: 1 }, likeliest],
      // 1, 3 and 5 are seen: their logits come to 0, or far above the others.
      [{ repetitionPenalty: Number.MAX_VALUE, topK: 1 }, [0, 0, 0, 0]],
      [{ repetitionPenalty: Number.MIN_VALUE }, likeliest],
    ];
    for (const [settings, expected] of ends) {
      const what = JSON.stringify(settings);
      assertEquals(
        await drawn(backend, row, chances, settings),
        expected,
        what,
      );
    }
  });

  test("sample never chooses an id below the first", async (backend) => {
    const chances = [0, 0.5, 0.9999];
    const rows = {
      "the greatest": [9, 1, 1, 1],
      "an equal": [1, 1, 1, 1],
      "all that is there": [0, -Infinity, -Infinity, -Infinity],
      "all that is a number": [0, NaN, NaN, NaN],
      "infinite": [Infinity, 0, 0, 0],
    };
    for (const [what, row] of Object.entries(rows)) {
      for (
        const settings of [
          {},
          { temperature: Number.MAX_VALUE },
          { temperature: Number.MIN_VALUE },
          { topK: 1 },
          { topP: 0.5, repetitionPenalty: 1.5 },
        ]
      ) {
        const limited = { ...settings, firstId: 1 };
        const found = [
          ...await drawn(backend, row, chances, limited),
          ...await drawn(backend, row, undefined, limited),
        ];
        assert(
          found.every((id) => id >= 1 && id < 4),
          `0 is ${what}, ${JSON.stringify(settings)}: ${found}`,
        );
      }
    }
    assertEquals(
      await drawn(backend, [9, 1, 1, 1], undefined, { firstId: 1 }),
      [1],
    );
    assertEquals(await drawn(backend, [9, 1, 1, 7], [0.9], { firstId: 3 }), [
      3,
    ]);
  });

  test("sample of numbers that have overflowed is an id below V", async (backend) => {
    const rows: [number[], number][] = [
      [[-Infinity, -Infinity, -Infinity, -Infinity], 0],
      [[NaN, NaN, NaN, NaN], 0],
      [[NaN, -Infinity, 5, NaN], 2],
      [[0, Infinity, 9, -Infinity], 1],
      [[3e38, -3e38, 2e38, NaN], 0],
    ];
    for (const [row, greatest] of rows) {
      assertEquals(await drawn(backend, row, undefined, {}), [greatest]);
      const settings = { repetitionPenalty: 1.5 };
      const penalized = await drawn(backend, row, [0, 0.5, 0.9999], settings);
      assert(penalized.every((id) => id < 4), `${row}: ${penalized}`);
      const found = await drawn(backend, row, [0, 0.5, 0.9999], {});
      // Where there is nothing but the least, all are equal.
      const isEven = row.every((value) => !(value > -Infinity));
      const expected = isEven ? [0, 2, 3] : [greatest, greatest, greatest];
      assertEquals(found, expected, `${row}`);
    }
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

  test("a layer of any cell with great sums is the reference's", async (backend) => {
    const great = [0, 9, 44, 89, 100, 1e4, 1e30, -9, -44, -89, -100, -1e30];
    const H = great.length;
    using reference = openReference();
    for (const cell of CELL_NAMES) {
      const input = Array.from({ length: CELLS[cell].gates }, () => great);
      const outputOf = async (backend: Backend) => {
        const { tensors, forward } = layerOf(
          backend.ops,
          cell,
          { T: 1, B: 1, H },
          (shape) => backend.allocate(shape),
        );
        backend.write(tensors.input, input.flat());
        forward();
        return await backend.read(tensors.output);
      };
      const output = await outputOf(backend);
      const expected = await outputOf(reference);
      great.forEach((x, i) => {
        assert(Math.abs(expected[i]) <= 1, `${cell} of ${x} is bounded`);
        assert(Math.abs(output[i] - expected[i]) <= 4e-6, `${cell} of ${x}`);
      });
    }
  });
}

/** Zeros for all that the op `head` takes but the logits, of one time step. */
function headOf(
  backend: Backend,
  { rows, H, V }: { rows: number; H: number; V: number },
) {
  const tensors = {
    input: backend.allocate([1, rows, H]),
    weight: backend.allocate([V, H]),
    bias: backend.allocate([V]),
    targets: backend.allocate([1, rows], "u32"),
    loss: backend.allocate([]),
    dLogits: backend.allocate([1, rows, V]),
    dInput: backend.allocate([1, rows, H]),
  };
  const write = (tensor: Tensor, values: ArrayLike<number>) =>
    backend.write(tensor, values);
  return { tensors, write };
}

/** The tokens that a row is drawn with, one for each of the uniforms. */
async function drawn(
  backend: Backend,
  row: readonly number[],
  uniforms: readonly number[] | undefined,
  settings: Partial<Sample>,
): Promise<number[]> {
  const B = uniforms?.length ?? 1, V = row.length;
  const logits = backend.allocate([B, V]),
    tokens = backend.allocate([B], "u32");
  const seen = backend.allocate([B, V], "u32");
  const chances = backend.allocate([B]);
  backend.write(logits, Array.from({ length: B }, () => row).flat());
  backend.write(chances, uniforms ?? [0]);
  backend.write(seen, Array.from({ length: B * V }, (_, i) => i % V % 2));
  backend.ops.sample({
    logits,
    tokens,
    uniforms: uniforms && chances,
    seen: settings.repetitionPenalty ? seen : undefined,
    ...settings,
  });
  const chosen = [...await backend.read(tokens)];
  for (const one of [logits, tokens, seen, chances]) backend.free(one);
  return chosen;
}
