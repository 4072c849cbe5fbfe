/**
 * Backends that do something else than they are told.
 *
 * @module
 */

import type { Backend, Tensor, Values } from "../../lib/backend/backend.ts";
import type { Storage, StoredTensor } from "../../lib/backend/stored_tensor.ts";
import { delegate } from "../../tasks/bench/with_ops.ts";

export { withOps } from "../../tasks/bench/with_ops.ts";

/** The backend, and the tensors that it has allocated and not freed. */
export function withCount(
  backend: Backend,
): { backend: Backend; held: Set<Tensor>; allocated: () => number } {
  const held = new Set<Tensor>();
  let allocated = 0;
  const counting: Backend = {
    ...delegate(backend),
    allocate(shape, dtype) {
      const tensor = backend.allocate(shape, dtype);
      held.add(tensor);
      allocated++;
      return tensor;
    },
    free(tensor) {
      if (!held.delete(tensor)) throw new Error("freed what is not allocated");
      backend.free(tensor);
    },
  };
  return { backend: counting, held, allocated: () => allocated };
}

/** The elements of a tensor of the reference backend, shared with it. */
export function elements(tensor: Tensor): Values {
  const { storage, offset, size } = tensor as StoredTensor<
    Storage & { readonly data: Values }
  >;
  return storage.data.subarray(offset, offset + size);
}
