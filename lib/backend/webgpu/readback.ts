import { DeviceError } from "../device_error.ts";
import { StoredTensor } from "../stored_tensor.ts";
import type { Values } from "../tensor.ts";
import type { Commands } from "./commands.ts";
import type { DeviceWatch } from "./device_watch.ts";
import { MARK_BYTES, type Memory } from "./memory.ts";
import type { Pipelines } from "./pipelines.ts";
import type { WebGPUTensor } from "./tensor.ts";

/** Marks are whole numbers from 1 to this, all of which float32 has. */
const MARKS = 2 ** 24;

// GPUBufferUsage and GPUMapMode; the DOM types lack their values.
const MAP_READ = 0x1, COPY_DST = 0x8, MODE_READ = 0x1;

/**
 * Reads tensors back. A device that has stopped working may still hand buffers out,
 * full of the zeros that they were made of. So behind the elements each read has a
 * mark, which a kernel writes in the same submission: a number that the read before
 * did not have. Where it is missing, nothing that was computed is believed.
 */
export class Readback {
  readonly #device: GPUDevice;
  readonly #commands: Commands;
  readonly #watch: DeviceWatch;
  readonly #patience: number;
  readonly #mark: (value: number) => WebGPUTensor;
  #reads = 0;

  /** @param patience Milliseconds that the device is given to answer a read. */
  constructor({ device, memory, commands, pipelines, watch }: {
    readonly device: GPUDevice;
    readonly memory: Memory;
    readonly commands: Commands;
    readonly pipelines: Pipelines;
    readonly watch: DeviceWatch;
  }, patience: number) {
    this.#patience = patience;
    this.#device = device;
    this.#commands = commands;
    this.#watch = watch;
    const storage = memory.allocate(1, "mark of a read");
    const tensor = new StoredTensor(storage, [1], "f32");
    this.#mark = (value) => {
      commands.dispatch({
        pipeline: pipelines.fill,
        tensors: { tensor },
        dims: { size: 1, value },
        covers: [1],
      });
      return tensor;
    };
  }

  /**
   * A copy of the elements, after all commands before.
   *
   * @throws {DeviceError} If the device fails, is silent, or the mark is missing.
   */
  read(tensor: WebGPUTensor): Promise<Values> {
    const bytes = 4 * tensor.size;
    const staging = this.#device.createBuffer({
      label: "read",
      size: bytes + MARK_BYTES,
      usage: MAP_READ | COPY_DST,
    });
    const mark = 1 + this.#reads++ % MARKS;
    this.#commands.copy(tensor, staging);
    this.#commands.copy(this.#mark(mark), staging, bytes);
    this.#commands.submit();
    return this.#download(staging, tensor, mark);
  }

  async #download(
    staging: GPUBuffer,
    { dtype, size }: WebGPUTensor,
    mark: number,
  ): Promise<Values> {
    try {
      await this.#watch.wait(staging.mapAsync(MODE_READ), this.#patience);
      const mapped = staging.getMappedRange();
      if (new Float32Array(mapped, 4 * size, 1)[0] !== mark) {
        this.#watch.fail(
          new DeviceError(
            "failed",
            "The GPU returned different numbers from those it was told to " +
              "write, so nothing that it computes can be trusted",
          ),
        );
      }
      this.#watch.check();
      const bytes = mapped.slice(0, 4 * size);
      return dtype === "u32" ? new Uint32Array(bytes) : new Float32Array(bytes);
    } finally {
      staging.destroy(); // unmaps it
    }
  }
}
