import { Allocation } from "../backend/allocation.ts";
import type { Backend, Tensor } from "../backend/backend.ts";

/** Copies of tensors on their own device: what they held at one moment. */
export class Snapshot implements Disposable {
  /** The copies, in the order of the tensors. */
  readonly tensors: readonly Tensor[];
  readonly #backend: Backend;
  readonly #allocation: Allocation;

  /** Allocates room for tensors of f32 of the same shapes. */
  constructor(backend: Backend, like: readonly Tensor[]) {
    this.#backend = backend;
    this.#allocation = new Allocation(backend);
    this.tensors = like.map(({ shape }) => this.#allocation.tensor(shape));
  }

  /** Copies the elements of tensors of those shapes. */
  take(sources: readonly Tensor[]): void {
    sources.forEach((source, i) =>
      this.#backend.ops.copy({ source, destination: this.tensors[i] })
    );
  }

  /** Frees the copies. */
  [Symbol.dispose](): void {
    this.#allocation[Symbol.dispose]();
  }
}
