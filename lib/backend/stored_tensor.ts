/**
 * Tensors as every backend keeps them.
 *
 * @module
 */

import { assertShape, sizeOf } from "./shapes.ts";
import type { DType, Tensor } from "./tensor.ts";

/** What a tensor and its views share: the elements of one allocation. */
export interface Storage {
  /** Whose it is: by this a backend knows its tensors. */
  readonly owner: object;
  /** Whether its memory was given back. */
  isFreed: boolean;
}

/** A tensor of a backend: some of the elements of a storage. */
export class StoredTensor<Kind extends Storage = Storage> implements Tensor {
  /** Number of elements. */
  readonly size: number;
  /** The shape of an entry, once one was viewed. */
  #entry?: readonly number[];

  /** @param shape Which nobody changes from now on. */
  constructor(
    readonly storage: Kind,
    readonly shape: readonly number[],
    readonly dtype: DType,
    /** The first of its elements in the storage. */
    readonly offset = 0,
    /** Whether it is a view of another. */
    readonly isView = false,
  ) {
    this.size = sizeOf(shape);
  }

  at(index: number): StoredTensor<Kind> {
    const { storage, shape, dtype, size } = this;
    const count = shape.length === 0 ? 0 : shape[0];
    if (!Number.isInteger(index) || index < 0 || index >= count) {
      throw new RangeError(
        `Cannot view entry ${index} of a tensor of shape ` +
          `(${shape.join(", ")}): expected an index from 0 to ${count - 1}`,
      );
    }
    const offset = this.offset + index * (size / count);
    this.#entry ??= shape.slice(1);
    return new StoredTensor(storage, this.#entry, dtype, offset, true);
  }

  view(offset: number, shape: readonly number[]): StoredTensor<Kind> {
    assertShape(shape);
    const end = offset + sizeOf(shape);
    if (!Number.isInteger(offset) || offset < 0 || end > this.size) {
      throw new RangeError(
        `Cannot view elements ${offset} to ${end} of a tensor of ` +
          `${this.size} elements`,
      );
    }
    const first = this.offset + offset;
    return new StoredTensor(this.storage, [...shape], this.dtype, first, true);
  }

  /** Whether it is of another tensor's type and shape. */
  isLike({ dtype, shape }: StoredTensor): boolean {
    if (dtype !== this.dtype) return false;
    if (shape === this.shape) return true;
    if (shape.length !== this.shape.length) return false;
    for (let i = 0; i < shape.length; i++) {
      if (shape[i] !== this.shape[i]) return false;
    }
    return true;
  }

  /** Whether it shares elements with another tensor. */
  overlaps({ storage, offset, size }: StoredTensor): boolean {
    return storage === this.storage && offset < this.offset + this.size &&
      this.offset < offset + size;
  }
}

/** A tensor's type and shape, for messages. */
export function describe({ dtype, shape }: Tensor): string {
  return `${dtype} (${shape.join(", ")})`;
}
