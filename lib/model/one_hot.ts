/**
 * One-hot vectors: a 1 at the position of the id, zeros everywhere else. Source: d2l
 * 8.5.1.
 *
 * Training does not build them: a one-hot row times a matrix is a row of that matrix,
 * which the op `oneHotLinear` looks up.
 *
 * @param ids Token ids below `size`.
 * @param size Length of each vector, the vocabulary size.
 * @returns `(ids.length, size)`, row-major.
 * @throws {RangeError} If an id is `size` or above.
 *
 * @example
 * ```ts
 * import { oneHot } from "./one_hot.ts";
 *
 * console.assert(oneHot([0, 2], 3).join() === "1,0,0,0,0,1");
 * ```
 */
export function oneHot(ids: ArrayLike<number>, size: number): Float32Array {
  const vectors = new Float32Array(ids.length * size);
  for (let row = 0; row < ids.length; row++) {
    const id = ids[row];
    if (!Number.isInteger(id) || id < 0 || id >= size) {
      throw new RangeError(
        `Cannot make a one-hot vector of size ${size} for the id ${id}`,
      );
    }
    vectors[row * size + id] = 1;
  }
  return vectors;
}
