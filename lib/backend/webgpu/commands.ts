import { DeviceError } from "../device_error.ts";
import { StoredTensor } from "../stored_tensor.ts";
import { BindGroups } from "./bind_groups.ts";
import { type Extents, gridOf } from "./grid.ts";
import type { Field } from "./kernel_interface.ts";
import type { Memory } from "./memory.ts";
import type { Pipeline } from "./pipelines.ts";
import type { BufferStorage, WebGPUTensor } from "./tensor.ts";

/** One run of a kernel, or one for each of `steps`. */
export interface Dispatch {
  readonly pipeline: Pipeline;
  /** By the names of the bindings. */
  readonly tensors: Readonly<Record<string, WebGPUTensor>>;
  /** By the names of the fields of `dims`, less the tensors' offsets and `t`. */
  readonly dims: Readonly<Record<string, number>>;
  /** What the workgroups divide among themselves, each its kernel's share. */
  readonly covers: Extents;
  /** How many terms are summed up for each element that it covers. Default: 1. */
  readonly terms?: number;
  /** Values of `dims.t`: the same dispatch for each, in this order. */
  readonly steps?: readonly number[];
}

/** Bounds the memory of the uniforms, and the time until a device gets to work. */
const MAX_DISPATCHES = 384;
/**
 * Most terms of all dispatches that are submitted together: 170 ms of a small GPU that
 * adds up 50 in a nanosecond. A driver resets a GPU that is at work for two seconds,
 * and a page that shares it stutters.
 */
const MAX_TERMS = 2 ** 33;
/** Bounds the memory of tensors that are freed while commands use them. */
const MAX_RELEASED = 64;
/** Bytes of a kernel's `dims` at the most: 32 numbers. */
const MAX_UNIFORM = 128;

// GPUBufferUsage; the DOM types lack its values.
const COPY_DST = 0x8, UNIFORM = 0x40;

/**
 * The commands that are not submitted yet: dispatches, in call order, in as few
 * compute passes as can be, nearly always one.
 *
 * The uniforms of all of them lie in one buffer, a slot each. They are written
 * when the commands are submitted: the queue puts that after all that was
 * submitted before, so that the slots are free again.
 */
export class Commands {
  readonly #device: GPUDevice;
  readonly #memory: Memory;
  readonly #bindGroups: BindGroups;
  readonly #slot: number; // bytes
  readonly #uniforms: GPUBuffer;
  readonly #words: Uint32Array<ArrayBuffer>;
  readonly #floats: Float32Array<ArrayBuffer>;
  readonly #offset = new Uint32Array(1);
  readonly #used = new Set<BufferStorage>();
  #copies: BufferStorage[] = [];
  /** Storages that nobody holds any more, but commands use. */
  #released: BufferStorage[] = [];
  #encoder?: GPUCommandEncoder;
  #pass?: GPUComputePassEncoder;
  #current?: Pipeline;
  #count = 0;
  /** Terms of the dispatches. */
  #terms = 0;

  constructor(device: GPUDevice, memory: Memory) {
    this.#device = device;
    this.#memory = memory;
    const alignment = device.limits.minUniformBufferOffsetAlignment;
    this.#slot = Math.ceil(MAX_UNIFORM / alignment) * alignment;
    const bytes = new ArrayBuffer(MAX_DISPATCHES * this.#slot);
    this.#words = new Uint32Array(bytes);
    this.#floats = new Float32Array(bytes);
    this.#uniforms = device.createBuffer({
      label: "dims",
      size: bytes.byteLength,
      usage: UNIFORM | COPY_DST,
    });
    this.#bindGroups = new BindGroups(device, {
      buffer: this.#uniforms,
      size: MAX_UNIFORM,
    });
  }

  /** Appends the dispatches of all steps. */
  dispatch({ steps = [0], ...rest }: Dispatch): void {
    const [x, y = 1, z = 1] = rest.covers;
    const terms = x * y * z * (rest.terms ?? 1);
    const most = Math.max(1, Math.floor(MAX_TERMS / terms));
    for (let i = 0, count: number; i < steps.length; i += count) {
      count = Math.min(MAX_DISPATCHES, most, steps.length - i);
      const isFull = this.#count + count > MAX_DISPATCHES ||
        this.#terms + count * terms > MAX_TERMS;
      if (isFull) this.submit();
      this.#dispatch(rest, steps.slice(i, i + count));
      this.#terms += count * terms;
    }
  }

  /** Whether commands that are not submitted use these elements. */
  uses(storage: BufferStorage): boolean {
    return this.#used.has(storage);
  }

  /** Appends a copy of a tensor's elements to a buffer, from its byte `at` on. */
  copy(
    { storage, offset, size }: WebGPUTensor,
    buffer: GPUBuffer,
    at = 0,
  ): void {
    this.#endPass();
    const from = 4 * offset;
    this.#encode()
      .copyBufferToBuffer(storage.buffer, from, buffer, at, 4 * size);
    this.#used.add(storage);
  }

  /** Hands all commands over to the device. */
  submit(): void {
    if (!this.#encoder) return;
    this.#endPass();
    const { queue } = this.#device;
    const words = this.#count * this.#slot / 4;
    if (words > 0) queue.writeBuffer(this.#uniforms, 0, this.#words, 0, words);
    queue.submit([this.#encoder.finish({ label: "ops" })]);
    this.#encoder = undefined;
    this.#count = 0;
    this.#terms = 0;
    this.#used.clear();
    for (const storage of this.#copies.splice(0)) this.destroy(storage);
    for (const { buffer } of this.#released.splice(0)) buffer.destroy();
  }

  /** Forgets what is not submitted: nobody is to see what it would give. */
  discard(): void {
    this.#endPass();
    this.#encoder = undefined;
    for (const { buffer } of this.#released.splice(0)) buffer.destroy();
  }

  /** Destroys a storage: once the commands that use it are submitted, if any do. */
  destroy(storage: BufferStorage): void {
    this.#bindGroups.forget(storage);
    if (this.#used.has(storage)) {
      this.#memory.release(storage);
      this.#released.push(storage);
      if (this.#released.length === MAX_RELEASED) this.submit();
    } else {
      this.#memory.destroy(storage);
    }
  }

  #dispatch(
    { pipeline, tensors, dims, covers }: Omit<Dispatch, "steps">,
    steps: readonly number[],
  ): void {
    const { bindings, fields, label } = pipeline;
    const grid = gridOf(pipeline, covers);
    this.#assertGrid(label, grid);

    const { bound, copied } = this.#unalias(pipeline, tensors);
    const storages = bindings.map(({ name }) => bound[name].storage);
    const group = this.#bindGroups.get(pipeline, storages);
    for (const storage of storages) this.#used.add(storage);

    const values = fields.map(({ binding, name }) => {
      const value = binding ? bound[binding].offset : dims[name];
      if (value !== undefined || name === "t") return value;
      throw new Error(`${label}: dims.${name} is missing`);
    });
    const t = fields.findIndex(({ name }) => name === "t");
    const pass = this.#begin(pipeline);
    for (const step of steps) {
      if (t >= 0) values[t] = step;
      const offset = this.#offset[0] = this.#slot * this.#count++;
      this.#write(offset / 4, fields, values);
      pass.setBindGroup(0, group, this.#offset, 0, 1);
      pass.dispatchWorkgroups(...grid);
    }
    for (const name of copied) {
      this.#copyBack(bound[name].storage.buffer, tensors[name]);
    }
  }

  #encode(): GPUCommandEncoder {
    return this.#encoder ??= this.#device.createCommandEncoder({
      label: "ops",
    });
  }

  #begin(pipeline: Pipeline): GPUComputePassEncoder {
    this.#pass ??= this.#encode().beginComputePass({ label: "ops" });
    if (this.#current !== pipeline) this.#pass.setPipeline(pipeline.pipeline);
    this.#current = pipeline;
    return this.#pass;
  }

  #endPass(): void {
    this.#pass?.end();
    this.#pass = undefined;
    this.#current = undefined;
  }

  #write(
    first: number,
    fields: readonly Field[],
    values: readonly number[],
  ): void {
    for (let i = 0; i < fields.length; i++) {
      const { dtype } = fields[i];
      (dtype === "f32" ? this.#floats : this.#words)[first + i] = values[i];
    }
  }

  /**
   * A buffer that a dispatch writes must not be bound a second time: arguments
   * that share one with a result are read from a copy, and of results that share
   * one all but the first are copies too, which are copied back.
   */
  #unalias(
    { bindings }: Pipeline,
    tensors: Dispatch["tensors"],
  ): { bound: Dispatch["tensors"]; copied: string[] } {
    const results = new Set<BufferStorage>();
    const bound = { ...tensors };
    const copied: string[] = [];
    for (const { name } of bindings.filter(({ written }) => written)) {
      if (results.has(tensors[name].storage)) {
        bound[name] = this.#copyOf(name, tensors[name]);
        copied.push(name);
      }
      results.add(tensors[name].storage);
    }
    for (const { name } of bindings.filter(({ written }) => !written)) {
      if (results.has(tensors[name].storage)) {
        bound[name] = this.#copyOf(name, tensors[name]);
      }
    }
    return { bound, copied };
  }

  /** A copy that lasts until the commands are submitted. */
  #copyOf(name: string, tensor: WebGPUTensor): WebGPUTensor {
    const { size, shape, dtype } = tensor;
    const storage = this.#memory.allocate(size, `copy of ${name}`);
    this.copy(tensor, storage.buffer);
    this.#copies.push(storage);
    return new StoredTensor(storage, shape, dtype);
  }

  /** Appends a copy in the other direction. */
  #copyBack(buffer: GPUBuffer, { storage, offset, size }: WebGPUTensor): void {
    this.#endPass();
    const to = 4 * offset;
    this.#encode()
      .copyBufferToBuffer(buffer, 0, storage.buffer, to, 4 * size);
    this.#used.add(storage);
  }

  #assertGrid(label: string, grid: readonly number[]): void {
    const limit = this.#device.limits.maxComputeWorkgroupsPerDimension;
    if (grid.every((count) => count <= limit)) return;
    throw new DeviceError(
      "failed",
      `Cannot run the kernel ${label}: its ${grid.join(" × ")} ` +
        `workgroups exceed this GPU's limit of ${limit} per dimension`,
    );
  }
}
