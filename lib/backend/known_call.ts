import type { Owner } from "./owner.ts";
import type { Storage, StoredTensor } from "./stored_tensor.ts";
import type { Call, Given } from "./call.ts";
import { overlapOf } from "./bound_tensors.ts";
import type { CompiledOp } from "./compiled_op.ts";

/**
 * A call that was right, which one like it takes the place of: with the same keys in
 * the same order, and tensors of the same types and shapes. A small model generates a
 * token in a microsecond or two, of five ops: so this looks at each argument once, and
 * allocates nothing.
 */
export class KnownCall<Kind extends Storage> implements Call<Kind> {
  readonly tensors: (StoredTensor<Kind> | undefined)[];
  readonly extents: readonly number[];
  readonly scalars: unknown[];
  readonly #compiled: CompiledOp;
  readonly #owner: Owner;
  /** Keys of what it was called with, and of each its place in the signature, or -1. */
  readonly #keys: readonly string[];
  readonly #places: readonly number[];
  /** The scalars as they were given. */
  readonly #given: unknown[];
  /** Whether it is known that no result overlaps another argument. */
  #isApart = true;

  constructor(
    compiled: CompiledOp,
    owner: Owner,
    given: Given,
    { tensors, extents, scalars }: Call<Kind>,
  ) {
    const all = [...compiled.tensors, ...compiled.scalars];
    this.#compiled = compiled;
    this.#owner = owner;
    this.#keys = Object.keys(given);
    this.#places = this.#keys.map((key) =>
      all.findIndex(({ name }) => name === key)
    );
    this.#given = compiled.scalars.map(({ name }) => given[name]);
    this.tensors = [...tensors];
    this.extents = extents;
    this.scalars = [...scalars];
  }

  /**
   * Takes what the op is called with, if it is like what it was called with before and
   * as right.
   *
   * @throws {RangeError} If a scalar is not what the signature allows.
   */
  takes(given: Given): boolean {
    let count = 0;
    for (const key in given) {
      if (key !== this.#keys[count]) return false;
      const place = this.#places[count++];
      if (place >= 0 && !this.#takesArgument(place, given[key])) return false;
    }
    if (count !== this.#keys.length) return false;
    this.#isApart ||= overlapOf(this.#compiled, this.tensors) === undefined;
    return this.#isApart;
  }

  #takesArgument(place: number, value: unknown): boolean {
    const { tensors } = this;
    if (place >= tensors.length) {
      this.#takeScalar(place - tensors.length, value);
      return true;
    }
    const last = tensors[place];
    if (value === last) return last === undefined || !last.storage.isFreed;
    if (
      last === undefined || !this.#owner.owns<Kind>(value) ||
      value.storage.isFreed || !value.isLike(last)
    ) return false;
    tensors[place] = value;
    this.#isApart = false;
    return true;
  }

  #takeScalar(place: number, value: unknown): void {
    if (value === this.#given[place]) return;
    const { check } = this.#compiled.scalars[place];
    this.scalars[place] = check(value, this.extents);
    this.#given[place] = value;
  }
}
