import { DeviceError } from "../device_error.ts";
import { Owner } from "../owner.ts";
import type { DeviceWatch } from "./device_watch.ts";
import type { BufferStorage } from "./tensor.ts";

/** Bytes that a buffer to read a tensor back has behind the elements. */
export const MARK_BYTES = 4;

// GPUBufferUsage; the DOM types lack its values.
const COPY_SRC = 0x4, COPY_DST = 0x8, STORAGE = 0x80;

/** The buffers of one device. */
export class Memory {
  /** Whom all of them belong to. */
  readonly owner = new Owner();
  readonly #device: GPUDevice;
  readonly #watch: DeviceWatch;
  readonly #live = new Set<BufferStorage>();
  #nextId = 0;

  constructor(device: GPUDevice, watch: DeviceWatch) {
    this.#device = device;
    this.#watch = watch;
  }

  /**
   * Makes a buffer of zeros for `size` elements. Whether there is room for it is
   * known later: if not, the device has failed.
   *
   * @throws {DeviceError} If the device can bind no buffer of this size.
   */
  allocate(size: number, label: string): BufferStorage {
    const bytes = 4 * size;
    const { maxBufferSize, maxStorageBufferBindingSize } = this.#device.limits;
    const limit = Math.min(
      maxBufferSize - MARK_BYTES,
      maxStorageBufferBindingSize,
    );
    if (bytes > limit) {
      throw new DeviceError(
        "out-of-memory",
        `Cannot allocate the ${label}: its ${bytes} bytes exceed this ` +
          `GPU's limit of ${limit} bytes per tensor: use a smaller model, ` +
          "batch size or number of steps",
      );
    }
    const id = this.#nextId++;
    this.#device.pushErrorScope("out-of-memory");
    const buffer = this.#device.createBuffer({
      label,
      size: bytes,
      usage: STORAGE | COPY_SRC | COPY_DST,
    });
    this.#device.popErrorScope().then((error) => {
      if (!error) return;
      this.#watch.fail(
        new DeviceError(
          "out-of-memory",
          `Cannot allocate the ${label}: the GPU has no memory left for ` +
            `its ${bytes} bytes: use a smaller model, batch size or number ` +
            "of steps",
        ),
      );
    }, () => {}); // rejected by a device that is lost, which the watch knows
    const storage = { owner: this.owner, isFreed: false, id, buffer };
    this.#live.add(storage);
    return storage;
  }

  /** The storage is no longer to be used; its buffer is the caller's to destroy. */
  release(storage: BufferStorage): void {
    storage.isFreed = true;
    this.#live.delete(storage);
  }

  destroy(storage: BufferStorage): void {
    this.release(storage);
    storage.buffer.destroy();
  }

  destroyAll(): void {
    for (const storage of this.#live) this.destroy(storage);
  }
}
