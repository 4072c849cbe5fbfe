/**
 * Tensors: what the ops take and a backend holds.
 *
 * @module
 */

/** Every element type of a tensor: `f32` for real numbers, `u32` for token ids. */
export const DTYPES = ["f32", "u32"] as const;

/** Element type of a tensor. */
export type DType = typeof DTYPES[number];

/** What `Backend.read` returns; only a float64 backend returns float64. */
export type Values = Float32Array | Float64Array | Uint32Array;

/** A dense, row-major array on a device. Its elements are read by `Backend.read`. */
export interface Tensor {
  /** Extent of each dimension; `[]` for a scalar. */
  readonly shape: readonly number[];
  /** Type of its elements. */
  readonly dtype: DType;
  /** The entry `index` of the first dimension, as a view that shares its elements. */
  at(index: number): Tensor;
  /**
   * A view of the given shape that starts at the element `offset` and shares its
   * elements.
   */
  view(offset: number, shape: readonly number[]): Tensor;
}
