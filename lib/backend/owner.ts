import { describe, type Storage, StoredTensor } from "./stored_tensor.ts";
import type { Tensor } from "./tensor.ts";

/** Whom storages belong to: one backend from its opening until it is disposed of. */
export class Owner {
  #isDisposed = false;

  /** From now on the backend refuses to work. */
  dispose(): void {
    this.#isDisposed = true;
  }

  /**
   * Asserts that the backend may be called.
   *
   * @param call Name of the op or of the method.
   * @throws {Error} If the backend is disposed of.
   */
  assertOpen(call: string): void {
    if (!this.#isDisposed) return;
    throw new Error(
      `${call}: the backend has been disposed, expected an open one`,
    );
  }

  /** Whether it is a tensor of this backend, be it freed. */
  owns<Kind extends Storage>(tensor: unknown): tensor is StoredTensor<Kind> {
    return tensor instanceof StoredTensor && tensor.storage.owner === this;
  }

  /**
   * A tensor that is this owner's and in use.
   *
   * @param call Name of the op or of the method that it is an argument of.
   * @throws {TypeError} If it is another backend's, or freed.
   */
  tensor<Kind extends Storage>(
    call: string,
    argument: string,
    tensor: Tensor,
  ): StoredTensor<Kind> {
    if (!this.owns<Kind>(tensor)) {
      throw new TypeError(
        `${call}: ${argument} is another backend's ${describe(tensor)}, ` +
          `expected a tensor of this one`,
      );
    }
    if (!tensor.storage.isFreed) return tensor;
    throw new TypeError(
      `${call}: ${argument} is a freed ${describe(tensor)}, ` +
        `expected a tensor in use`,
    );
  }

  /**
   * A tensor that `read` is called on.
   *
   * @throws {TypeError} If it is another backend's, or freed.
   */
  read<Kind extends Storage>(tensor: Tensor): StoredTensor<Kind> {
    this.assertOpen("read");
    return this.tensor("read", "tensor", tensor);
  }

  /**
   * A tensor that `write` is to give these values.
   *
   * @throws {TypeError} If it is another backend's, or freed.
   * @throws {RangeError} If the values are fewer or more than its elements.
   */
  written<Kind extends Storage>(
    tensor: Tensor,
    values: ArrayLike<number>,
  ): StoredTensor<Kind> {
    this.assertOpen("write");
    const found = this.tensor<Kind>("write", "tensor", tensor);
    if (values.length === found.size) return found;
    throw new RangeError(
      `Cannot write ${values.length} values to a tensor of shape ` +
        `(${tensor.shape.join(", ")})`,
    );
  }

  /**
   * A tensor whose memory `free` is to give back.
   *
   * @throws {TypeError} If it is another backend's, freed already, or only a view.
   */
  freed<Kind extends Storage>(tensor: Tensor): StoredTensor<Kind> {
    this.assertOpen("free");
    const found = this.tensor<Kind>("free", "tensor", tensor);
    if (!found.isView) return found;
    throw new TypeError(
      `free: tensor is a view, ${describe(tensor)}, ` +
        `expected a tensor that was allocated`,
    );
  }
}
