/**
 * Arrays of token ids, no wider than the vocabulary needs.
 *
 * @module
 */

/** Token ids in the narrowest array that holds those of the whole vocabulary. */
export type TokenIds = Uint8Array | Uint16Array | Uint32Array;

/** Zeroed ids of a vocabulary of `size` tokens. */
export function tokenIds(size: number, length: number): TokenIds {
  if (size <= 2 ** 8) return new Uint8Array(length);
  return size <= 2 ** 16 ? new Uint16Array(length) : new Uint32Array(length);
}

/** How many of the tokens are `<unk>`, whose id is 0. */
export function unknownCount(ids: TokenIds): number {
  let count = 0;
  for (let i = 0; i < ids.length; i++) if (ids[i] === 0) count++;
  return count;
}

/** The array where it has at least `length` elements, else a longer, empty one. */
export function withRoom(
  array: Uint32Array<ArrayBuffer>,
  length: number,
): Uint32Array<ArrayBuffer> {
  return array.length >= length ? array : new Uint32Array(length);
}

/** A copy with at least `length` elements, at least twice as long as before. */
export function longer<
  T extends Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>,
>(array: T, length: number): T {
  const Elements = array.constructor as new (length: number) => T;
  const copy = new Elements(Math.max(length, 2 * array.length));
  copy.set(array);
  return copy;
}
