/**
 * Ops as functions of the named parts of a call: how a backend states them that
 * writes each by itself.
 *
 * @module
 */

import { type Ops, SIGNATURES } from "./ops.ts";
import {
  type OpSignature,
  SIZE_NAMES,
  type SizeName,
  type TensorName,
  type WordsArgument,
} from "./signature.ts";
import type { Storage, StoredTensor } from "./stored_tensor.ts";
import type { Call } from "./call.ts";
import type { OpName } from "./compiled_op.ts";

/** The numbers that letters of a call's shapes stand for. */
export type Sizes<Names extends SizeName = SizeName> = Readonly<
  Record<Names, number>
>;

type Arguments<Op extends OpName> = Parameters<Ops[Op]>[0];

/** The op whose tensors are of any type. */
type AnyTypeOp = "copy";

/** An op's tensors, each as a backend has them by their element types. */
export type Tensors<Op extends OpName, F32, U32> = {
  readonly [Name in TensorName<Arguments<Op>>]:
    | (Name extends WordsArgument ? U32 : Op extends AnyTypeOp ? F32 | U32
    : F32)
    | (undefined extends Arguments<Op>[Name] ? undefined : never);
};

/** An op's other arguments, none of them left out, as its signature bounds them. */
export type Scalars<Op extends OpName> = Readonly<
  Required<Omit<Arguments<Op>, TensorName<Arguments<Op>>>>
>;

/** Every op as a function of sizes, tensors and scalars. */
export type Implementations<F32, U32 = F32> = {
  readonly [Op in OpName]: (
    sizes: Sizes,
    tensors: Tensors<Op, F32, U32>,
    scalars: Scalars<Op>,
  ) => void;
};

/**
 * What runs the calls of an op by its implementation.
 *
 * @param valueOf A tensor as the implementations take it.
 */
export function runnerOf<Kind extends Storage, F32, U32>(
  implementations: Implementations<F32, U32>,
  op: OpName,
  valueOf: (tensor: StoredTensor<Kind>) => F32 | U32,
): (call: Call<Kind>) => void {
  const signature: OpSignature = SIGNATURES[op];
  const tensorNames = Object.keys(signature.tensors);
  const scalarNames = Object.keys(signature.scalars);
  // That the named parts are the op's own follows from the check of the call.
  const run = implementations[op] as (
    sizes: Sizes,
    tensors: Readonly<Record<string, F32 | U32>>,
    scalars: Readonly<Record<string, unknown>>,
  ) => void;
  return ({ tensors, extents, scalars }) => {
    const values: Record<string, F32 | U32> = {};
    for (const [i, name] of tensorNames.entries()) {
      const tensor = tensors[i];
      if (tensor) values[name] = valueOf(tensor);
    }
    const settings: Record<string, unknown> = {};
    for (const [i, name] of scalarNames.entries()) settings[name] = scalars[i];
    run(sizesOf(extents), values, settings);
  };
}

function sizesOf(extents: readonly number[]): Sizes {
  return Object.fromEntries(
    SIZE_NAMES.map((name, i) => [name, extents[i]]),
  ) as Sizes;
}
