/**
 * Backends that do something else than they are told.
 *
 * @module
 */

import type {
  Backend,
  Ops,
  Tensor,
  Values,
} from "../../lib/backend/backend.ts";

/** An object of its own that does all that the backend does, be that a class's. */
function delegate(backend: Backend): Backend {
  return {
    name: backend.name,
    description: backend.description,
    ops: backend.ops,
    allocate: (shape, dtype) => backend.allocate(shape, dtype),
    free: (tensor) => backend.free(tensor),
    write: (tensor, values) => backend.write(tensor, values),
    read: (tensor) => backend.read(tensor),
    [Symbol.dispose]: () => backend[Symbol.dispose](),
  };
}

/** The backend with some of its ops replaced; they may call the right ones. */
export function withOps(
  backend: Backend,
  replace: (ops: Ops) => Partial<Ops>,
): Backend {
  return {
    ...delegate(backend),
    ops: { ...backend.ops, ...replace(backend.ops) },
  };
}

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
  return (tensor as Tensor & { data: Values }).data;
}
