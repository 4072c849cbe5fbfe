/**
 * Shapes of tensors.
 *
 * @module
 */

/** Number of elements of a tensor of this shape; 1 for a scalar, `[]`. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const extent of shape) size *= extent;
  return size;
}

/** Throws a RangeError unless every extent is a whole number above zero. */
export function assertShape(shape: readonly number[]): void {
  if (shape.every((extent) => Number.isSafeInteger(extent) && extent > 0)) {
    return;
  }
  throw new RangeError(
    `Cannot make a tensor of shape (${shape.join(", ")}): ` +
      `every extent must be a whole number above zero`,
  );
}
