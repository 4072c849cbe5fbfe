import type { Backend } from "../../lib/backend/backend.ts";
import type { Ops } from "../../lib/backend/ops.ts";

/** An object that does all that the backend does, and whose parts can be replaced. */
export function delegate(backend: Backend): Backend {
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
