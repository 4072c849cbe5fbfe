import { assert, assertEquals, assertThrows } from "@std/assert";
import { sizeOf } from "../../lib/backend/shapes.ts";
import type { ModelConfig } from "../../lib/model/config.ts";
import {
  flatSize,
  flatten,
  initializeParameters,
  parameterCount,
  parameterSpecs,
  unflatten,
} from "../../lib/model/parameters.ts";

const config = (
  vocabularySize: number,
  hiddenSize: number,
  numLayers = 1,
): ModelConfig => ({
  cell: "rnn",
  activation: "tanh",
  vocabularySize,
  hiddenSize,
  numLayers,
});

Deno.test("a model has as many parameters as the chapter's", () => {
  // d2l 8.5.2: 28·512 + 512² + 512 + 512·28 + 28.
  assertEquals(parameterCount(config(28, 512)), 291_356);
  // A second layer adds 2·512² + 512.
  assertEquals(parameterCount(config(28, 512, 2)), 291_356 + 524_800);
});

Deno.test("parameters go by layer, the output layer last", () => {
  assertEquals(
    parameterSpecs(config(5, 3, 2)).map(({ name, shape }) =>
      `${name} ${shape.join("×")}`
    ),
    [
      "rnn.weight_ih_l0 3×5",
      "rnn.weight_hh_l0 3×3",
      "rnn.bias_ih_l0 3",
      "rnn.weight_ih_l1 3×3",
      "rnn.weight_hh_l1 3×3",
      "rnn.bias_ih_l1 3",
      "linear.weight 5×3",
      "linear.bias 5",
    ],
  );
});

Deno.test("every parameter starts at a multiple of 64 elements, behind the one before", () => {
  for (const [V, H, L] of [[1, 1, 1], [28, 64, 2], [5, 3, 3], [65, 129, 1]]) {
    const specs = parameterSpecs(config(V, H, L));
    let end = 0;
    for (const { offset, shape } of specs) {
      assertEquals(offset % 64, 0);
      assert(offset >= end && offset < end + 64);
      end = offset + sizeOf(shape);
    }
    assertEquals(flatSize(specs), end);
  }
});

Deno.test("flatten and unflatten are each other's inverse", () => {
  const specs = parameterSpecs(config(5, 3, 2));
  const parameters = initializeParameters(config(5, 3, 2), {
    seed: 1,
    sigma: 1,
  });
  const flat = flatten(specs, parameters);
  assertEquals(flat.length, flatSize(specs));
  const again = unflatten(specs, Float32Array.from(flat));
  assertEquals([...again], [...parameters]);
  // The gaps are zeros: all that is not zero is a parameter's.
  const filled = (values: ArrayLike<number>) =>
    Array.from(values).filter((x) => x !== 0).length;
  const inAll = [...parameters.values()].reduce((n, x) => n + filled(x), 0);
  assertEquals(filled(flat), inAll);
  const first = again.get("rnn.weight_ih_l0")!;
  first.fill(7); // a copy
  assert(flat[0] !== 7);
});

Deno.test("flatten refuses what is missing or of the wrong size", () => {
  const specs = parameterSpecs(config(5, 3));
  const parameters = new Map(
    initializeParameters(config(5, 3), { seed: 1, sigma: 1 }),
  );
  parameters.set("linear.bias", new Float32Array(4));
  assertThrows(
    () => flatten(specs, parameters),
    RangeError,
    "linear.bias has 4 values, expected 5 for the shape (5)",
  );
  parameters.delete("linear.bias");
  assertThrows(
    () => flatten(specs, parameters),
    RangeError,
    "linear.bias has no values",
  );
});

Deno.test("initial weights are N(0, sigma²), biases zero", () => {
  const sigma = 0.01;
  const parameters = initializeParameters(config(28, 256, 2), {
    seed: 4,
    sigma,
  });
  for (const [name, values] of parameters) {
    if (name.includes("bias")) {
      assert(values.every((x) => x === 0), name);
      continue;
    }
    const n = values.length;
    let mean = 0, variance = 0;
    for (const x of values) mean += x / n;
    for (const x of values) variance += (x - mean) ** 2 / n;
    // Standard errors: σ/√n, and √(2/n) of the variance; five of each.
    assert(Math.abs(mean) < 5 * sigma / Math.sqrt(n), `${name}: ${mean}`);
    assert(
      Math.abs(variance / sigma ** 2 - 1) < 5 * Math.sqrt(2 / n),
      `${name}: ${variance}`,
    );
  }
});

Deno.test("initial weights depend on the seed alone, and differ by parameter", () => {
  const draw = (seed: number) =>
    initializeParameters(config(6, 6, 2), { seed, sigma: 1 });
  assertEquals([...draw(3)], [...draw(3)]);
  const weights = [...draw(3), ...draw(4)]
    .filter(([name]) => name.includes("weight"))
    .map(([, values]) => values.join());
  assertEquals(new Set(weights).size, weights.length);
});

Deno.test("sigma scales the same draws; out of its range it is refused", () => {
  const weight = (sigma: number) =>
    initializeParameters(config(3, 2), { seed: 1, sigma })
      .get("linear.weight")!;
  assertEquals(weight(0), new Float32Array(6));
  assertEquals(weight(0.5), weight(1).map((x) => x / 2)); // exact: a power of 2
  for (const sigma of [-1, NaN, Infinity]) {
    assertThrows(() => weight(sigma), RangeError, `sigma ${sigma}`);
  }
});

Deno.test("a config that cannot be built is refused by name", () => {
  const bad: [Partial<Record<keyof ModelConfig, unknown>>, string][] = [
    [{ cell: "gru2" }, 'cell "gru2"'],
    [{ activation: "sine" }, 'activation "sine"'],
    [{ vocabularySize: 0 }, "vocabulary size 0"],
    [{ hiddenSize: 1.5 }, "hidden size 1.5"],
    [{ numLayers: NaN }, "number of layers NaN"],
  ];
  for (const [change, message] of bad) {
    const changed = { ...config(5, 3), ...change } as ModelConfig;
    assertThrows(() => parameterSpecs(changed), RangeError, message);
  }
});

Deno.test("each cell has the parameters of the book's", () => {
  const sizes = { vocabularySize: 28, hiddenSize: 256, numLayers: 1 };
  // d2l 9.1: 3·(28·256 + 256² + 256) + 256·28 + 28, and the second bias of the
  // new gate, 256; d2l 9.2: 4·(28·256 + 256² + 256) + 256·28 + 28.
  assertEquals(parameterCount({ ...sizes, cell: "gru" }), 226_076 + 256);
  assertEquals(parameterCount({ ...sizes, cell: "lstm" }), 299_036);
  const names = (cell: ModelConfig["cell"], embeddingSize = 0) =>
    parameterSpecs({ ...sizes, cell, embeddingSize })
      .map(({ name, shape }) => `${name} ${shape.join("×")}`);
  assertEquals(names("gru", 10), [
    "embedding.weight 28×10",
    "rnn.weight_ih_l0 768×10",
    "rnn.weight_hh_l0 768×256",
    "rnn.bias_ih_l0 768",
    "rnn.bias_hh_l0 256",
    "linear.weight 28×256",
    "linear.bias 28",
  ]);
  assertEquals(names("lstm")[0], "rnn.weight_ih_l0 1024×28");
});

function meanSquare(values: Iterable<number>): number {
  const squares = [...values].map((x) => x * x);
  return squares.reduce((sum, x) => sum + x, 0) / squares.length;
}

Deno.test("uniform initial parameters are PyTorch's, from −1/√H to 1/√H", () => {
  const H = 64;
  const parameters = initializeParameters({
    cell: "lstm",
    vocabularySize: 50,
    embeddingSize: 40,
    hiddenSize: H,
    numLayers: 2,
  }, { seed: 4, init: "uniform", forgetBias: 10 });
  for (const [name, values] of parameters) {
    if (name === "embedding.weight") {
      // N(0, 1): 2,000 draws, whose mean square is 1 ± 5·√(2 / 2000).
      const square = meanSquare(values);
      assert(Math.abs(square - 1) < 0.16, `${square}`);
      continue;
    }
    const bound = 1 / Math.sqrt(H);
    const forget = name.startsWith("rnn.bias_ih");
    for (const [i, x] of values.entries()) {
      const bias = forget && i >= H && i < 2 * H ? 10 : 0;
      assert(Math.abs(x - bias) <= bound, `${name}[${i}] is ${x}`);
    }
    if (values.length < 1000) continue;
    // Uniform: the mean square is a third of the bound's, ± 5·√(4 / 45 / n).
    const square = meanSquare(values);
    const tolerance = 5 * Math.sqrt(4 / 45 / values.length);
    assert(Math.abs(square / bound ** 2 - 1 / 3) < tolerance, name);
  }
});
