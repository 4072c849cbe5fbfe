/**
 * Tensors: what the ops take and a backend holds.
 *
 * @module
 */

/** Every element type of a tensor: `f32` for real numbers, `u32` for token ids. */
export const DTYPES = ["f32", "u32"] as const;

/** Element type of a tensor. */
export type DType = typeof DTYPES[number];

/** What `Backend.read` returns: float64 only from a float64 backend. */
export type Values = Float32Array | Float64Array | Uint32Array;

/** A dense, row-major array on a device. Its elements are read by `Backend.read`. */
export interface Tensor {
  /** Extent of each dimension; `[]` for a scalar. */
  readonly shape: readonly number[];
  /** What its elements are. */
  readonly dtype: DType;
  /** The entry `index` of the first dimension, as a view: it shares its elements. */
  at(index: number): Tensor;
  /** `shape` from the element `offset` on, as a view: it shares its elements. */
  view(offset: number, shape: readonly number[]): Tensor;
}
