/**
 * The one interface between the model and a device: types only. What it computes,
 * op by op, is in ops.ts.
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
  /** Short name, as `openBackend` takes it: `"reference"`, `"cpu"`, `"webgpu"`. */
  readonly name: string;
  /** One line for people: the device, and what it runs on. */
  readonly description: string;
  /** The operations of this device. */
  readonly ops: Ops;
  /** A new tensor, filled with zeros. */
  allocate(shape: readonly number[], dtype?: DType): Tensor;
  /** Gives the memory of an allocated tensor back; its views are gone with it. */
  free(tensor: Tensor): void;
  /** Copies `values` into `tensor`, after all ops called before. */
  write(tensor: Tensor, values: ArrayLike<number>): void;
  /** A copy of the elements, after all ops called before. The only wait there is. */
  read(tensor: Tensor): Promise<Values>;
}
