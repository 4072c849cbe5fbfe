/**
 * Allocation in the memory that the kernels work in.
 *
 * @module
 */

import { InputError } from "../../input_error.ts";
import { control } from "../../../kernels/wasm.generated.ts";

/** Below lies what the threads tell each other: kernels/wasm/control.ts. */
const { HEAP_START } = control;

const PAGE = 65_536;

/** Maximum sizes in pages, tried in turn: address space that a machine may lack. */
const MAXIMA = [65_536, 32_768, 16_384, 8_192, 4_096];

/** Blocks are a multiple of a cache line, and begin at one. */
const LINE = 64;

interface Block {
  address: number;
  bytes: number;
}

/** First-fit allocation; neighbouring free blocks are joined. */
export class Heap {
  readonly memory: WebAssembly.Memory;
  /** Greatest size of the memory, in bytes. */
  readonly limit: number;
  #f32: Float32Array<ArrayBufferLike>;
  #u32: Uint32Array<ArrayBufferLike>;
  readonly #free: Block[] = []; // by rising address
  readonly #sizes = new Map<number, number>(); // of the blocks in use, by address
  #end: number = HEAP_START; // of all blocks, in use or free

  constructor(shared: boolean) {
    const { memory, limit } = newMemory(shared);
    this.memory = memory;
    this.limit = limit;
    this.#f32 = new Float32Array(memory.buffer);
    this.#u32 = new Uint32Array(memory.buffer);
  }

  /** All of the memory as float32 numbers; valid until the next `allocate`. */
  get f32(): Float32Array<ArrayBufferLike> {
    return this.#f32;
  }

  /** All of the memory as unsigned integers; valid until the next `allocate`. */
  get u32(): Uint32Array<ArrayBufferLike> {
    return this.#u32;
  }

  /**
   * Address of a new block, whose bytes may be anything.
   *
   * @throws {RangeError} If the memory cannot grow so far.
   */
  allocate(bytes: number): number {
    const size = Math.ceil(bytes / LINE) * LINE;
    const index = this.#free.findIndex((block) => block.bytes >= size);
    if (index >= 0) {
      const block = this.#free[index];
      const { address } = block;
      block.address += size;
      block.bytes -= size;
      if (block.bytes === 0) this.#free.splice(index, 1);
      this.#sizes.set(address, size);
      return address;
    }
    const last = this.#free.at(-1);
    const reusable = last && last.address + last.bytes === this.#end;
    const address = reusable ? last.address : this.#end;
    this.#growTo(address + size);
    if (reusable) this.#free.pop();
    this.#end = address + size;
    this.#sizes.set(address, size);
    return address;
  }

  /** Gives a block back. Throws a RangeError if there is none at `address`. */
  free(address: number): void {
    const bytes = this.#sizes.get(address);
    if (bytes === undefined) {
      throw new RangeError("Cannot free what is not allocated");
    }
    this.#sizes.delete(address);
    let at = this.#free.findIndex((block) => block.address > address);
    if (at < 0) at = this.#free.length;
    this.#free.splice(at, 0, { address, bytes });
    this.#join(at);
    this.#join(at - 1);
  }

  /** Joins a free block with the next one if they touch. */
  #join(index: number): void {
    const block = this.#free[index], next = this.#free[index + 1];
    if (!block || !next || block.address + block.bytes !== next.address) return;
    block.bytes += next.bytes;
    this.#free.splice(index + 1, 1);
  }

  #growTo(end: number): void {
    const have = this.memory.buffer.byteLength;
    if (end <= have) return;
    if (end > this.limit) throw this.#outOfMemory(end);
    try {
      this.memory.grow(Math.ceil((end - have) / PAGE));
    } catch (error) {
      throw this.#outOfMemory(end, error);
    }
    this.#f32 = new Float32Array(this.memory.buffer);
    this.#u32 = new Uint32Array(this.memory.buffer);
  }

  #outOfMemory(end: number, cause?: unknown): InputError {
    return new InputError(
      `The CPU backend would need ${end} bytes of memory, and its ` +
        `limit here is ${this.limit} bytes: use a smaller model, batch ` +
        "size or number of steps",
      { cause },
    );
  }
}

function newMemory(
  shared: boolean,
): { memory: WebAssembly.Memory; limit: number } {
  const initial = HEAP_START / PAGE;
  let cause: unknown;
  for (const maximum of MAXIMA) {
    try {
      const memory = new WebAssembly.Memory({ initial, maximum, shared });
      return { memory, limit: maximum * PAGE };
    } catch (error) {
      cause = error;
    }
  }
  throw new InputError(
    `The CPU backend cannot reserve ${MAXIMA.at(-1)! * PAGE} bytes of memory`,
    { cause },
  );
}
