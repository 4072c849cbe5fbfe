import type { DType, Tensor } from "../backend.ts";
import { assertView, entryOffset, sizeOf } from "../shapes.ts";

/** A tensor in a heap's memory. */
export class WasmTensor implements Tensor {
  constructor(
    /** What the memory belongs to: one backend. */
    readonly owner: object,
    readonly shape: readonly number[],
    readonly dtype: DType,
    /** Of the first element, in bytes. */
    readonly address: number,
  ) {}

  at(index: number): WasmTensor {
    return this.view(entryOffset(this.shape, index), this.shape.slice(1));
  }

  view(offset: number, shape: readonly number[]): WasmTensor {
    assertView(this.shape, offset, shape);
    const address = this.address + 4 * offset;
    return new WasmTensor(this.owner, [...shape], this.dtype, address);
  }

  get size(): number {
    return sizeOf(this.shape);
  }
}
