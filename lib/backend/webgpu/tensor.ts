import type { Storage, StoredTensor } from "../stored_tensor.ts";

/** Elements on a device: what a tensor and its views share. */
export interface BufferStorage extends Storage {
  readonly id: number;
  readonly buffer: GPUBuffer;
}

/** A tensor on a WebGPU device, or a view of one, at any element. */
export type WebGPUTensor = StoredTensor<BufferStorage>;
