/** Elements on a device: what a tensor and its views share. */
export interface Storage {
  readonly id: number;
  readonly buffer: GPUBuffer;
}

// GPUBufferUsage; the DOM types lack its values.
const COPY_SRC = 0x4, COPY_DST = 0x8, STORAGE = 0x80;

/** The buffers of one device. */
export class Memory {
  readonly #device: GPUDevice;
  readonly #live = new Set<Storage>();
  #nextId = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /**
   * Makes a buffer of zeros for `size` elements.
   *
   * @throws {RangeError} If the device can bind no buffer of this size.
   */
  allocate(size: number, label: string): Storage {
    const { maxBufferSize, maxStorageBufferBindingSize } = this.#device.limits;
    const limit = Math.min(maxBufferSize, maxStorageBufferBindingSize);
    if (4 * size > limit) {
      throw new RangeError(
        `Cannot allocate the ${label}: its ${4 * size} bytes are more than ` +
          `this device's limit of ${limit} bytes a tensor`,
      );
    }
    const id = this.#nextId++;
    const buffer = this.#device.createBuffer({
      label,
      size: 4 * size,
      usage: STORAGE | COPY_SRC | COPY_DST,
    });
    const storage = { id, buffer };
    this.#live.add(storage);
    return storage;
  }

  /** Whether the storage is this device's and not destroyed. */
  has(storage: Storage): boolean {
    return this.#live.has(storage);
  }

  /** The storage is no longer to be used; its buffer is the caller's to destroy. */
  release(storage: Storage): void {
    this.#live.delete(storage);
  }

  destroy(storage: Storage): void {
    this.#live.delete(storage);
    storage.buffer.destroy();
  }

  destroyAll(): void {
    for (const storage of this.#live) this.destroy(storage);
  }
}
