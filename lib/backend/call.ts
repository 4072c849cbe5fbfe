import type { Storage, StoredTensor } from "./stored_tensor.ts";

/** What an op is called with, not looked at yet. */
export type Given = Readonly<Record<string, unknown>>;

/** A call that is checked. What runs it must not keep it: the next may be in its place. */
export interface Call<Kind extends Storage> {
  /** In the signature's order; undefined where the call does not use it. */
  readonly tensors: readonly (StoredTensor<Kind> | undefined)[];
  /** What the letters of `SIZE_NAMES` stand for, in their order; 0 for one of none. */
  readonly extents: readonly number[];
  /** In the signature's order, none of them left out. */
  readonly scalars: readonly unknown[];
}
