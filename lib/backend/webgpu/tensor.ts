import type { DType, Tensor } from "../backend.ts";
import { assertView, entryOffset, sizeOf } from "../shapes.ts";
import type { Memory, Storage } from "./memory.ts";

/** A tensor on a WebGPU device, or a view of one, at any element. */
export class WebGPUTensor implements Tensor {
  constructor(
    readonly memory: Memory,
    readonly storage: Storage,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly dtype: DType,
  ) {}

  get size(): number {
    return sizeOf(this.shape);
  }

  at(index: number): WebGPUTensor {
    return this.view(entryOffset(this.shape, index), this.shape.slice(1));
  }

  view(offset: number, shape: readonly number[]): WebGPUTensor {
    assertView(this.shape, offset, shape);
    const { memory, storage, dtype } = this;
    const first = this.offset + offset;
    return new WebGPUTensor(memory, storage, first, shape, dtype);
  }
}

/**
 * The tensor, if it is of this memory.
 *
 * @throws {TypeError} If it is another backend's or device's, or freed.
 */
export function owned(memory: Memory, tensor: Tensor): WebGPUTensor {
  if (!(tensor instanceof WebGPUTensor) || tensor.memory !== memory) {
    throw new TypeError("The webgpu backend was given another's tensor");
  }
  if (memory.has(tensor.storage)) return tensor;
  throw new TypeError(
    `Cannot use a tensor of shape (${tensor.shape.join(", ")}): it was freed`,
  );
}
