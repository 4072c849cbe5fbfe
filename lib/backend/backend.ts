/**
 * The only interface between the model and a device: types only. ops.ts describes what
 * each op computes.
 *
 * Dimension legend, used in every comment of this project:
 *
 * | letter | meaning | letter | meaning |
 * | --- | --- | --- | --- |
 * | `B` | batch size | `H` | hidden size |
 * | `T` | number of steps | `I` | size of a layer's input |
 * | `V` | vocabulary size | `O` | size of a layer's output |
 * | `N` | minibatches in a chunk | `P` | number of parameters |
 * | `G` | gates of a cell | `E` | size of a token's embedding |
 *
 * Token ids of a minibatch are time-major `(T, B)`, activations `(T, B, H)`,
 * logits `(T, B, V)`. A loss is in nats per token. The gradient of `x` is `dX`.
 * Weights are laid out as PyTorch lays them out: `(outputs, inputs)`.
 *
 * @module
 */

import type { Ops } from "./ops.ts";
import type { DType, Tensor, Values } from "./tensor.ts";

export type { DType, Tensor, Values };

/** A device that holds tensors and runs {@linkcode Ops} on them in call order. */
export interface Backend extends Disposable {
  /** Short name, as passed to `openBackend`: `"reference"`, `"cpu"`, `"webgpu"`. */
  readonly name: string;
  /** One line that describes the device to people, and what it runs on. */
  readonly description: string;
  /** The operations of this device. */
  readonly ops: Ops;
  /** A new tensor, filled with zeros. */
  allocate(shape: readonly number[], dtype?: DType): Tensor;
  /**
   * Frees the memory of an allocated tensor; its views can no longer be used either.
   */
  free(tensor: Tensor): void;
  /** Copies `values` into `tensor`, after all ops that were called before. */
  write(tensor: Tensor, values: ArrayLike<number>): void;
  /**
   * Returns a copy of the elements, after all ops that were called before. This is the
   * only method that waits for the device.
   */
  read(tensor: Tensor): Promise<Values>;
}
