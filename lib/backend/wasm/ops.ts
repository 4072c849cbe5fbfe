import type { Call } from "../call.ts";
import { checkedOps, wrongId } from "../checked_ops.ts";
import { type OpName, placeOf } from "../compiled_op.ts";
import { type Ops, SIGNATURES } from "../ops.ts";
import type { Owner } from "../owner.ts";
import type { OpSignature } from "../signature.ts";
import type { Storage, StoredTensor } from "../stored_tensor.ts";
import type { Kernels } from "./kernels.ts";

/** An allocation in the memory that the kernels work in. */
export interface WasmStorage extends Storage {
  /** Of the first element, in bytes. */
  readonly address: number;
}

/** What the ops need of their backend. */
export interface Device {
  readonly kernels: Kernels;
  readonly owner: Owner;
  /** Address of at least so many bytes that are free until the next op. */
  scratch(bytes: number): number;
  /** Called after every op: throws an Error if a thread has failed. */
  assertAlive(): void;
}

/** The ops of a backend: each checks its arguments and is one call of its kernel. */
export function opsOf(device: Device): Ops {
  return checkedOps(device.owner, (op) => kernelCall(device, op));
}

/**
 * A call of an op's kernel. Its numbers are, in the order of the op's signature, the
 * tensors' addresses, 0 for one that is not there; the sizes; the scalars; and the
 * address of scratch memory if it needs any.
 */
function kernelCall(
  { kernels, scratch, assertAlive }: Device,
  op: OpName,
): (call: Call<WasmStorage>) => void {
  const kernel = kernels[op], scratchBytes = kernels[`${op}Scratch`];
  const signature: OpSignature = SIGNATURES[op];
  const tensorEntries = Object.entries(signature.tensors);
  const choicesOf = Object.values(signature.scalars)
    .map((scalar) => scalar.kind === "choice" ? scalar.values : undefined);
  const places = signature.sizes.map(placeOf);
  const ids = tensorEntries.find(([, { below }]) => below);
  const numbers: number[] = [], sizes: number[] = []; // those of the last call
  let last: Call<WasmStorage> | undefined, bytes = 0;
  return (call) => {
    const { tensors, extents, scalars } = call;
    let at = 0;
    for (let i = 0; i < tensors.length; i++) {
      const tensor = tensors[i];
      numbers[at++] = tensor ? addressOf(tensor) : 0;
    }
    if (call !== last) {
      last = call;
      for (let i = 0; i < places.length; i++) {
        numbers[at + i] = sizes[i] = extents[places[i]];
      }
      if (scratchBytes) bytes = scratchBytes(...sizes);
    }
    at += places.length;
    for (let i = 0; i < scalars.length; i++) {
      const value = scalars[i], choices = choicesOf[i];
      if (choices) numbers[at++] = choices.indexOf(value as string);
      else if (typeof value === "number") numbers[at++] = value;
      else for (const word of value as number[]) numbers[at++] = word;
    }
    if (scratchBytes) numbers[at++] = scratch(bytes);
    const returned = kernel(...numbers);
    if (ids !== undefined && returned >= 0) {
      const [name, { below }] = ids;
      throw wrongId(op, name, returned, extents[placeOf(below!)]);
    }
    assertAlive();
  };
}

/** Of a tensor's first element, in bytes. */
export function addressOf(
  { storage, offset }: StoredTensor<WasmStorage>,
): number {
  return storage.address + 4 * offset;
}
