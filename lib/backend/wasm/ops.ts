import { type Call, checkedOps, type OpName, wrongId } from "../check_call.ts";
import { type Ops, SIGNATURES } from "../ops.ts";
import type { Owner } from "../owner.ts";
import type { OpSignature, ScalarSignature } from "../signature.ts";
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
  const tensorNames = Object.keys(signature.tensors);
  const scalarEntries = Object.entries(signature.scalars);
  const ids = tensorNames.find((name) => signature.tensors[name].below);
  return ({ tensors, sizes, scalars }) => {
    const extents = signature.sizes.map((name) => sizes[name]);
    const numbers = [
      ...tensorNames.map((name) =>
        tensors[name] ? addressOf(tensors[name]) : 0
      ),
      ...extents,
      ...scalarEntries.flatMap(([name, one]) => numbersOf(one, scalars[name])),
    ];
    if (scratchBytes) numbers.push(scratch(scratchBytes(...extents)));
    const returned = kernel(...numbers);
    if (ids !== undefined && returned >= 0) {
      const bound = sizes[signature.tensors[ids].below!];
      throw wrongId(op, ids, returned, bound);
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

/** A scalar as kernels take it: a choice is the number of its place. */
function numbersOf(
  signature: ScalarSignature,
  value: unknown,
): number | readonly number[] {
  return signature.kind === "choice"
    ? signature.values.indexOf(value as string)
    : value as number | readonly number[];
}
