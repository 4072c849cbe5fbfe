/**
 * Copies of tensors on their own device: what they held at one moment.
 *
 * @module
 */

import { Allocation } from "../backend/allocation.ts";
import type { Backend, Tensor } from "../backend/backend.ts";
import { sizeOf } from "../backend/shapes.ts";

/** Most copies at a time. */
const MOST_COPIES = 17;

/** Most bytes of all copies together: a device may have no room for more. */
const MOST_BYTES = 64 * 2 ** 20;

/** What some tensors held at one moment, in their order, on their device. */
export interface Snapshot {
  readonly tensors: readonly Tensor[];
}

/** Takes snapshots of the same tensors again and again. */
export class Snapshots implements Disposable {
  /** How many there may be at a time; none of tensors that are too large. */
  readonly capacity: number;
  readonly #backend: Backend;
  readonly #sources: readonly Tensor[];
  readonly #allocation: Allocation;
  readonly #free: Snapshot[] = [];
  /** How many are in use. */
  #used = 0;

  /** Of these tensors, each of f32; allocates nothing yet. */
  constructor(backend: Backend, sources: readonly Tensor[]) {
    this.#backend = backend;
    this.#sources = sources;
    this.#allocation = new Allocation(backend);
    const elements = sources.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    this.capacity = Math.min(
      MOST_COPIES,
      Math.floor(MOST_BYTES / (4 * elements)),
    );
  }

  /** How many can be taken before one has to be released. */
  get room(): number {
    return this.capacity - this.#used;
  }

  /** Copies the tensors; undefined where there is no room. */
  take(): Snapshot | undefined {
    if (this.room === 0) return undefined;
    this.#used++;
    const snapshot = this.#free.pop() ?? {
      tensors: this.#sources.map(({ shape }) => this.#allocation.tensor(shape)),
    };
    this.#sources.forEach((source, i) =>
      this.#backend.ops.copy({ source, destination: snapshot.tensors[i] })
    );
    return snapshot;
  }

  /** Gives a snapshot back, whose room another may take. */
  release(snapshot: Snapshot): void {
    this.#used--;
    this.#free.push(snapshot);
  }

  /** Frees the copies. */
  [Symbol.dispose](): void {
    this.#allocation[Symbol.dispose]();
  }
}
