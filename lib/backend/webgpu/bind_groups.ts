import type { BufferStorage } from "./tensor.ts";
import type { Pipeline } from "./pipelines.ts";

/** Bounds the memory of the cache; a model needs some dozens. */
const MAX_BIND_GROUPS = 512;

/**
 * Bind groups, each made once for a kernel and its buffers.
 *
 * Buffers are bound as a whole and `dims` says where the tensors begin, since a
 * binding cannot begin at any element: so views need no bind groups of their own.
 */
export class BindGroups {
  readonly #device: GPUDevice;
  readonly #uniforms: GPUBufferBinding;
  readonly #cache = new Map<
    string,
    { group: GPUBindGroup; storages: readonly BufferStorage[] }
  >();

  /** @param uniforms What binding 0 is, at a dynamic offset. */
  constructor(device: GPUDevice, uniforms: GPUBufferBinding) {
    this.#device = device;
    this.#uniforms = uniforms;
  }

  /** The bind group of a pipeline and the storages of its bindings, in order. */
  get(
    { label, layout, bindings }: Pipeline,
    storages: readonly BufferStorage[],
  ): GPUBindGroup {
    const key = `${label} ${storages.map(({ id }) => id).join()}`;
    const cached = this.#cache.get(key);
    if (cached) return cached.group;
    if (this.#cache.size === MAX_BIND_GROUPS) this.#cache.clear();
    const group = this.#device.createBindGroup({
      label,
      layout,
      entries: [
        { binding: 0, resource: this.#uniforms },
        ...bindings.map(({ index }, i) => ({
          binding: index,
          resource: { buffer: storages[i].buffer },
        })),
      ],
    });
    this.#cache.set(key, { group, storages });
    return group;
  }

  /** Drops the bind groups of a storage that is to be destroyed. */
  forget(storage: BufferStorage): void {
    for (const [key, { storages }] of this.#cache) {
      if (storages.includes(storage)) this.#cache.delete(key);
    }
  }
}
