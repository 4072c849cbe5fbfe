/**
 * The reference backend: plain loops, the executable specification of every op.
 *
 * @module
 */

import type { Backend } from "../backend.ts";
import type { Call } from "../call.ts";
import { checkedOps, wrongId } from "../checked_ops.ts";
import { type OpName, placeOf } from "../compiled_op.ts";
import { type Implementations, runnerOf } from "../implementations.ts";
import { SIGNATURES } from "../ops.ts";
import { Owner } from "../owner.ts";
import { assertShape, sizeOf } from "../shapes.ts";
import type { OpSignature } from "../signature.ts";
import { type Storage, StoredTensor } from "../stored_tensor.ts";
import type { Values } from "../tensor.ts";
import type { Floats } from "./arrays.ts";
import { carry } from "./carry.ts";
import { dropout } from "./dropout.ts";
import { embedding, embeddingBackward } from "./embedding.ts";
import { finish } from "./gradient_descent.ts";
import { gru, gruBackward } from "./gru.ts";
import { head } from "./head.ts";
import { linear, linearBackward } from "./linear.ts";
import { zeros } from "./zeros.ts";
import { lstm, lstmBackward } from "./lstm.ts";
import { oneHotLinear } from "./one_hot_linear.ts";
import { rnn, rnnBackward } from "./rnn.ts";
import { sample } from "./sample.ts";
import { weightGradients } from "./weight_gradients.ts";

/** Every op as a function of sizes, arrays and scalars. */
const FUNCTIONS: Implementations<Floats, Uint32Array> = {
  oneHotLinear,
  embedding,
  embeddingBackward,
  linear,
  linearBackward,
  rnn,
  rnnBackward,
  gru,
  gruBackward,
  lstm,
  lstmBackward,
  weightGradients,
  dropout,
  head,
  finish,
  fill: (_, { tensor }, { value }) => void tensor.fill(value),
  copy: (_, { source, destination }) => destination.set(source),
  carry,
  sample,
};

/** Settings of {@linkcode openReference}. */
export interface ReferenceOptions {
  /** Precision in which results are stored; sums are always float64. */
  readonly precision?: "float64" | "float32";
}

/**
 * Opens the reference backend.
 *
 * @example
 * ```ts
 * import { openReference } from "./reference_backend.ts";
 *
 * using backend = openReference({ precision: "float64" });
 * const tensor = backend.allocate([2, 3]);
 * backend.ops.fill({ tensor, value: 0.5 });
 * console.assert((await backend.read(tensor)).length === 6);
 * ```
 */
export function openReference(
  { precision = "float64" }: ReferenceOptions = {},
): Backend {
  const RealArray: new (size: number) => Floats = precision === "float64"
    ? Float64Array
    : Float32Array;
  const owner = new Owner();
  return {
    name: "reference",
    description: `reference (plain TypeScript, ${precision}, one thread)`,
    ops: checkedOps<ReferenceStorage>(owner, implement),
    allocate(shape, dtype = "f32") {
      owner.assertOpen("allocate");
      assertShape(shape);
      const size = sizeOf(shape);
      const data = dtype === "u32"
        ? zeros(Uint32Array, size)
        : zeros(RealArray, size);
      const storage = { owner, isFreed: false, data };
      return new StoredTensor(storage, [...shape], dtype);
    },
    free(tensor) {
      const { storage } = owner.freed<ReferenceStorage>(tensor);
      storage.isFreed = true;
      storage.data = new RealArray(0); // a call that is remembered has the tensor
    },
    write(tensor, values) {
      elements(owner.written(tensor, values)).set(values);
    },
    read: (tensor) => Promise.resolve(elements(owner.read(tensor)).slice()),
    [Symbol.dispose]: () => owner.dispose(),
  };
}

/** The elements of an allocation. */
interface ReferenceStorage extends Storage {
  data: Values;
}

/** The elements of a tensor, shared with it. */
function elements(
  { storage, offset, size }: StoredTensor<ReferenceStorage>,
): Values {
  return storage.data.subarray(offset, offset + size);
}

function implement(op: OpName): (call: Call<ReferenceStorage>) => void {
  const { tensors }: OpSignature = SIGNATURES[op];
  const ids = Object.entries(tensors).flatMap(([name, { below }], i) =>
    below ? [{ name, i, place: placeOf(below) }] : []
  );
  const run = runnerOf(FUNCTIONS, op, elements);
  return (call) => {
    for (const { name, i, place } of ids) {
      const bound = call.extents[place], tensor = call.tensors[i];
      const wrong = tensor && elements(tensor).find((id) => id >= bound);
      if (wrong !== undefined) throw wrongId(op, name, wrong, bound);
    }
    run(call);
  };
}
