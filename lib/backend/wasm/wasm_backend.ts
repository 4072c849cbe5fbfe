/**
 * The CPU backend: WASM SIMD kernels on several threads.
 *
 * @module
 */

import type { Backend } from "../backend.ts";
import type { Ops } from "../ops.ts";
import { Owner } from "../owner.ts";
import { assertShape, sizeOf } from "../shapes.ts";
import { StoredTensor } from "../stored_tensor.ts";
import type { DType, Tensor, Values } from "../tensor.ts";
import { Heap } from "./heap.ts";
import { type Build, compileKernels, fastestBuild } from "./kernels.ts";
import { addressOf, opsOf, type WasmStorage } from "./ops.ts";
import { MOST_THREADS, startThreads, type Threads } from "./threads.ts";

/** Settings of {@linkcode openWasm}. */
export interface WasmOptions {
  /** From 1 on; by default as many as the machine has processors. */
  readonly threads?: number;
}

/**
 * Opens the CPU backend. Its results are the same, to the bit, whatever the number
 * of threads. Threads are workers over a shared memory, which end with the backend;
 * a page that is not cross-origin isolated has no shared memory, hence one thread.
 *
 * @throws {RangeError} If `threads` is no whole number from 1 on.
 *
 * @example
 * ```ts
 * import { openWasm } from "./wasm_backend.ts";
 *
 * using backend = await openWasm({ threads: 2 });
 * const tensor = backend.allocate([2, 3]);
 * backend.ops.fill({ tensor, value: 0.5 });
 * console.assert((await backend.read(tensor)).length === 6);
 * ```
 */
export function openWasm(options: WasmOptions = {}): Promise<Backend> {
  return openBuild(fastestBuild(), options);
}

/** Opens a build of the backend, for the tests. */
export async function openBuild(
  build: Build,
  options: WasmOptions = {},
): Promise<WasmBackend> {
  const threads = numberOfThreads(options.threads);
  const shared = threads > 1;
  const heap = new Heap(shared);
  const module = await compileKernels(build, shared);
  return new WasmBackend(
    `CPU (WASM SIMD${build === "relaxed" ? ", relaxed madd" : ""}, ` +
      `${threads} thread${threads === 1 ? "" : "s"})`,
    heap,
    await startThreads(module, heap.memory, threads),
  );
}

function numberOfThreads(asked: number | undefined): number {
  // Node has the one but not the other.
  const canShare = typeof SharedArrayBuffer !== "undefined" &&
    typeof Worker !== "undefined";
  if (asked === undefined) {
    if (!canShare) return 1;
    return Math.min(navigator.hardwareConcurrency || 1, MOST_THREADS);
  }
  if (!Number.isInteger(asked) || asked < 1 || asked > MOST_THREADS) {
    throw new RangeError(
      `Cannot run on ${asked} threads: ` +
        `expected a whole number from 1 to ${MOST_THREADS}`,
    );
  }
  if (asked > 1 && !canShare) {
    throw new RangeError(
      `Cannot run on ${asked} threads: workers cannot share memory ` +
        "here; a page needs the headers for cross-origin isolation " +
        "(COOP and COEP)",
    );
  }
  return asked;
}

/** A backend over one memory. */
export class WasmBackend implements Backend {
  readonly name = "cpu";
  readonly description: string;
  readonly ops: Ops;
  readonly heap: Heap;
  readonly threads: Threads;
  readonly #owner = new Owner();
  #scratch = { address: 0, bytes: 0 };

  constructor(description: string, heap: Heap, threads: Threads) {
    this.description = description;
    this.heap = heap;
    this.threads = threads;
    this.ops = opsOf({
      kernels: threads.kernels,
      owner: this.#owner,
      scratch: (bytes) => this.#reserve(bytes),
      assertAlive: () => threads.assertAlive(),
    });
  }

  allocate(shape: readonly number[], dtype: DType = "f32"): Tensor {
    this.#owner.assertOpen("allocate");
    assertShape(shape);
    const size = sizeOf(shape);
    const address = this.heap.allocate(4 * size);
    this.threads.kernels.clear(address, size);
    const storage = { owner: this.#owner, isFreed: false, address };
    return new StoredTensor(storage, [...shape], dtype);
  }

  free(tensor: Tensor): void {
    const { storage } = this.#owner.freed<WasmStorage>(tensor);
    this.heap.free(storage.address);
    storage.isFreed = true;
  }

  write(tensor: Tensor, values: ArrayLike<number>): void {
    this.#elements(this.#owner.written(tensor, values)).set(values);
  }

  read(tensor: Tensor): Promise<Values> {
    const elements = this.#elements(this.#owner.read(tensor));
    // A copy of its own: what is shared would change with the next op.
    return Promise.resolve(
      elements instanceof Float32Array
        ? new Float32Array(elements)
        : new Uint32Array(elements),
    );
  }

  [Symbol.dispose](): void {
    this.#owner.dispose();
    this.threads[Symbol.dispose]();
  }

  #elements(
    tensor: StoredTensor<WasmStorage>,
  ): Float32Array<ArrayBufferLike> | Uint32Array<ArrayBufferLike> {
    const all = tensor.dtype === "f32" ? this.heap.f32 : this.heap.u32;
    const first = addressOf(tensor) / 4;
    return all.subarray(first, first + tensor.size);
  }

  #reserve(bytes: number): number {
    if (bytes > this.#scratch.bytes) {
      if (this.#scratch.bytes > 0) this.heap.free(this.#scratch.address);
      this.#scratch = { address: 0, bytes: 0 };
      this.#scratch = { address: this.heap.allocate(bytes), bytes };
    }
    return this.#scratch.address;
  }
}
