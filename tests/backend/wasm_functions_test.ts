import { assert } from "@std/assert";
import { openBuild } from "../../lib/backend/wasm/wasm_backend.ts";

/** One unit in the last place of the float32 number nearest to `x`. */
function ulp(x: number): number {
  const exponent = Math.floor(Math.log2(Math.abs(x)));
  return 2 ** (Math.max(exponent, -126) - 23);
}

/**
 * Float32 numbers of every magnitude and both signs: each 1009th bit pattern, and
 * evenly spaced ones where the functions are neither 0, 1, x nor infinite.
 */
function sweep(): Float32Array {
  const STEP = 1009, EVEN = 1_000_000, REACH = 105;
  const patterns = Math.floor(0x7f800000 / STEP);
  const bits = Uint32Array.from({ length: patterns }, (_, i) => i * STEP);
  const positive = new Float32Array(bits.buffer);
  const values = new Float32Array(2 * patterns + EVEN);
  values.set(positive);
  values.set(positive.map((x) => -x), patterns);
  for (let i = 0; i < EVEN; i++) {
    values[2 * patterns + i] = (2 * i / EVEN - 1) * REACH;
  }
  return values;
}

const FUNCTIONS = [
  { f: 0, name: "tanh", exact: Math.tanh, ulps: 6, slack: 0 },
  { f: 1, name: "exp", exact: Math.exp, ulps: 1.5, slack: 0 },
  {
    f: 2,
    name: "sigmoid",
    exact: (x: number) => 1 / (1 + Math.exp(-x)),
    ulps: 3,
    slack: 2e-38, // where the result is that small, it stays at its least
  },
] as const;

for (const build of ["relaxed", "plain"] as const) {
  for (const { f, name, exact, ulps, slack } of FUNCTIONS) {
    Deno.test(`${name} is at most ${ulps} ulp off, ${build} SIMD`, async () => {
      using backend = await openBuild(build, { threads: 1 });
      const { heap, threads: { kernels } } = backend;
      const apply = (values: Float32Array) => {
        const x = heap.allocate(4 * values.length);
        const y = heap.allocate(4 * values.length);
        heap.f32.set(values, x / 4);
        kernels.applyFunction(f, x, y, values.length);
        return heap.f32.slice(y / 4, y / 4 + values.length);
      };
      const values = sweep();
      const results = apply(values);
      let worst = 0, where = 0;
      values.forEach((x, i) => {
        const expected = exact(x);
        if (Math.fround(expected) === results[i]) return;
        const distance = Math.abs(results[i] - expected);
        if (distance <= slack) return;
        const error = distance / ulp(expected);
        // Written so that a NaN or an infinity counts as the worst.
        if (error <= worst) return;
        worst = error;
        where = x;
      });
      assert(worst <= ulps, `${name}(${where}) is ${worst} ulp off`);
      const [nan, above, below] = apply(
        Float32Array.of(NaN, Infinity, -Infinity),
      );
      assert(Number.isNaN(nan));
      assert(above === exact(Infinity));
      assert(Math.abs(below - exact(-Infinity)) <= slack);
    });
  }
}
