/**
 * The matrix products of a layer, one by one.
 *
 * @module
 */

import type { Backend, Tensor } from "../../lib/backend/backend.ts";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { randomNormal } from "../../lib/random.ts";
import { time, verify } from "./measure.ts";

/** A product `(rows, inner) · (inner, columns)` and how fast it went. */
export interface ProductResult {
  readonly product: "A·Bᵀ" | "A·B" | "Aᵀ·B";
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  readonly gflops: number;
}

/** Rows and sizes of a layer (rows, I) → (rows, O). */
interface Sizes {
  readonly rows: number;
  readonly I: number;
  readonly O: number;
}

/**
 * Times the three products of a linear layer: `A·Bᵀ` forward, `A·B` for the
 * gradient of its input, `Aᵀ·B` for that of its weight; each is checked first. A
 * recurrent step is `A·Bᵀ` of B rows and H by H.
 */
export async function benchProducts(
  backend: Backend,
  { rows, I, O }: Sizes,
  seconds: number,
): Promise<ProductResult[]> {
  using reference = openReference({ precision: "float64" });
  const timed = linearLayer(backend, { rows, I, O });
  const checked = linearLayer(reference, { rows, I, O });
  const flops = 2 * rows * I * O;
  // n roundings of sums of n terms, which stay below 4 √n.
  const tolerance = (n: number) => 2 ** -24 * 2 * n * 4 * Math.sqrt(n);
  const results: ProductResult[] = [];
  for (
    const [product, result, shape, inner] of [
      ["A·Bᵀ", "output", [rows, I, O], I],
      ["A·B", "dInput", [rows, O, I], O],
      ["Aᵀ·B", "dWeight", [O, rows, I], rows],
    ] as const
  ) {
    timed.run[result]();
    checked.run[result]();
    verify(
      `${product} of ${shape.join(" × ")}`,
      await backend.read(timed.tensors[result]),
      await reference.read(checked.tensors[result]),
      tolerance(inner),
    );
    const { median } = await time(backend, timed.run[result], seconds);
    const [m, k, n] = shape;
    results.push({
      product,
      rows: m,
      inner: k,
      columns: n,
      gflops: flops / Math.max(median, 1e-9) / 1e9,
    });
  }
  for (const tensor of Object.values(timed.tensors)) backend.free(tensor);
  return results;
}

function linearLayer(backend: Backend, { rows, I, O }: Sizes) {
  const filled = (seed: number, ...shape: [number, number]): Tensor => {
    const tensor = backend.allocate(shape);
    const size = shape[0] * shape[1];
    const values = randomNormal(seed, { stream: "parameters" }, size);
    backend.write(tensor, Float32Array.from(values));
    return tensor;
  };
  const tensors = {
    input: filled(1, rows, I),
    weight: filled(2, O, I),
    dOutput: filled(3, rows, O),
    output: backend.allocate([rows, O]),
    dInput: backend.allocate([rows, I]),
    dWeight: backend.allocate([O, I]),
  };
  const { ops } = backend;
  const ofWeight = {
    input: tensors.input.view(0, [1, rows, I]),
    dInput: tensors.dOutput.view(0, [1, rows, O]),
    dWeightIh: tensors.dWeight,
  };
  return {
    tensors,
    run: {
      output: () => ops.linear(tensors),
      dInput: () => ops.linearBackward(tensors),
      dWeight: () => ops.weightGradients(ofWeight),
    },
  };
}
