import { Allocation } from "../../lib/backend/allocation.ts";
import type { Backend } from "../../lib/backend/backend.ts";

/** How `a · b + c` is rounded: once, at its end, or the product by itself as well. */
export type MultiplyAdd = "fused" | "separate";

/** As many as a tile of the CPU's products has: fewer may be summed otherwise. */
const ROWS = 4;

/**
 * How a float32 backend rounds the sums of products that training is made of. On the
 * CPU this is all that the machine has a part in: an engine with relaxed SIMD takes
 * the processor's fused multiply-add where it has one (x86-64 with FMA, 64-bit Arm).
 *
 *     (1 + 2⁻¹²)² − (1 + 2⁻¹¹) = 2⁻²⁴
 *
 * but the square alone rounds to 1 + 2⁻¹¹, and then the difference is 0.
 */
export async function multiplyAddOf(backend: Backend): Promise<MultiplyAdd> {
  using allocation = new Allocation(backend);
  const input = allocation.tensor([ROWS, 2]);
  const weight = allocation.tensor([1, 2]);
  const output = allocation.tensor([ROWS, 1]);
  const x = 1 + 2 ** -12;
  const row = [-(1 + 2 ** -11), x];
  backend.write(input, Float32Array.from(Array(ROWS).fill(row).flat()));
  backend.write(weight, Float32Array.of(1, x));
  backend.ops.linear({ input, weight, output });
  const [sum] = await backend.read(output);
  return sum === 0 ? "separate" : "fused";
}
