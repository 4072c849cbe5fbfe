import type { Backend, Tensor } from "./backend.ts";

/** Tensors that are freed at the end of a `using` block. */
export class Allocation implements Disposable {
  readonly #backend: Backend;
  readonly #tensors: Tensor[] = [];

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Allocates a tensor of zeros. */
  tensor(shape: readonly number[], dtype?: Tensor["dtype"]): Tensor {
    const tensor = this.#backend.allocate(shape, dtype);
    this.#tensors.push(tensor);
    return tensor;
  }

  [Symbol.dispose](): void {
    for (const tensor of this.#tensors.splice(0)) this.#backend.free(tensor);
  }
}
