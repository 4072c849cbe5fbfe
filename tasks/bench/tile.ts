/**
 * The bare register tile of the CPU backend: what its products could reach.
 *
 * @module
 */

import {
  compileKernels,
  fastestBuild,
} from "../../lib/backend/wasm/kernels.ts";
import { median } from "./measure.ts";

/** Terms of a tile's sums; its panels of 4 and 8 numbers a term stay in the cache. */
const TERMS = 512;

/** GFLOP/s of one thread that does nothing but 4 × 8 tiles of 512 terms. */
export async function benchTile(seconds: number): Promise<number> {
  const module = await compileKernels(fastestBuild(), false);
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 65_536 });
  const { exports } = await WebAssembly.instantiate(module, {
    env: { memory },
  });
  const tile = exports.tile as (
    a: number, // (TERMS, 4)
    b: number, // (TERMS, 8)
    K: number,
    c: number, // (4, 8)
    stride: number,
    add: boolean,
  ) => void;
  const a = 2 ** 18, b = a + 16 * TERMS, c = b + 32 * TERMS; // bytes
  new Float32Array(memory.buffer, a, 12 * TERMS).fill(0.5);
  const rates: number[] = [];
  const end = performance.now() + 1000 * seconds;
  while (rates.length < 5 || performance.now() < end) {
    const start = performance.now();
    const tiles = 20_000;
    for (let i = 0; i < tiles; i++) tile(a, b, TERMS, c, 32, false);
    const taken = (performance.now() - start) / 1000;
    rates.push(2 * 4 * 8 * TERMS * tiles / taken / 1e9);
  }
  return median(rates.slice(2)); // the first are the engine's warm-up
}
