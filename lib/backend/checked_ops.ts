/**
 * The one check of an op's arguments: what a call must be like follows from the op's
 * signature in ops.ts, and every backend refuses the same calls in the same words.
 *
 * @module
 */

import type { Ops } from "./ops.ts";
import type { Owner } from "./owner.ts";
import type { Storage } from "./stored_tensor.ts";
import type { Call, Given } from "./call.ts";
import { keepNeeded, overlapOf, takeTensors } from "./bound_tensors.ts";
import {
  type CompiledOp,
  compileOp,
  OP_NAMES,
  type OpName,
} from "./compiled_op.ts";
import { KnownCall } from "./known_call.ts";

/** Calls of an op that are remembered: models have no more kinds of them. */
const MOST_KNOWN = 8;

/**
 * The ops of a backend.
 *
 * @param owner Whose tensors they take.
 * @param implement Gives for an op what runs its calls, once they are checked.
 */
export function checkedOps<Kind extends Storage>(
  owner: Owner,
  implement: (op: OpName) => (call: Call<Kind>) => void,
): Ops {
  const entries = OP_NAMES.map((op) => {
    const compiled = compileOp(op);
    // If not, its scalars decide which tensors a call uses.
    const isKnowable = compiled.tensors.every(({ isNeeded }) => !isNeeded);
    const known: KnownCall<Kind>[] = [];
    const run = implement(op);
    return [op, (given: Given) => {
      owner.assertOpen(op);
      for (let i = 0; i < known.length; i++) {
        if (known[i].takes(given)) return run(known[i]);
      }
      const call = checkCall<Kind>(compiled, owner, given);
      if (isKnowable && isPlain(compiled, given)) {
        if (known.length === MOST_KNOWN) known.pop();
        known.unshift(new KnownCall(compiled, owner, given, call));
      }
      run(call);
    }];
  });
  return Object.fromEntries(entries) as Ops;
}

/** Whether all of a call's arguments are the object's own, and none is inherited. */
function isPlain({ tensors, scalars }: CompiledOp, given: Given): boolean {
  return [...tensors, ...scalars].every(({ name }) =>
    given[name] === undefined || Object.hasOwn(given, name)
  );
}

/** The error for a token id that is not below `bound`. */
export function wrongId(
  op: OpName,
  argument: string,
  id: number,
  bound: number,
): RangeError {
  return new RangeError(
    `${op}: ${argument} has ${id}, expected ids below ${bound}`,
  );
}

/**
 * @throws {TypeError} If an argument is missing or of another type, or a tensor is
 * another backend's or freed.
 * @throws {RangeError} If a shape or a scalar is not what the signature says, or a
 * result overlaps another argument.
 */
function checkCall<Kind extends Storage>(
  compiled: CompiledOp,
  owner: Owner,
  given: Given,
): Call<Kind> {
  const { op, tensors: signatures } = compiled;
  const bound = takeTensors<Kind>(compiled, owner, given);
  const { tensors, extents } = bound;
  const named = compiled.scalars.map(({ name, check }) =>
    [name, check(given[name], extents)] as const
  );
  keepNeeded(compiled, bound, Object.fromEntries(named));
  const overlap = overlapOf(compiled, tensors);
  if (overlap) {
    const [result, other] = overlap.map((i) => signatures[i].name);
    throw new RangeError(
      `${op}: ${result} shares elements with ${other}, ` +
        `expected a result that overlaps no other argument`,
    );
  }
  return { tensors, extents, scalars: named.map(([, scalar]) => scalar) };
}
