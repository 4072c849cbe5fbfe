/**
 * The beginning of the memory: what the threads tell each other, the arguments of the
 * current op, and the module's constants, behind which the heap begins. Each word that
 * several threads write has a cache line of its own.
 *
 * `tasks/build_wasm.ts` reads the exported constants from this file: it compiles with
 * them and writes them into the generated module, from which the host has them.
 */

/** Where the module's constants begin, and all that stands before them ends. */
export const CONSTANTS: usize = 49_152;

/** Where the backend's heap begins; a multiple of a page of WebAssembly. */
export const HEAP_START: usize = 65_536;

/** Number of the current phase; threads without work wait on it. */
export const EPOCH: usize = 64;
/** Phase (32 bits), its number of pieces (16) and the next piece to do (16). */
export const TICKET: usize = 128;
/** Pieces of the phase that are done; the calling thread waits on it. */
export const DONE: usize = 192;
/** 1 while the calling thread waits on `DONE`. */
export const CALLER_WAITS: usize = 256;
/** Threads that wait on `EPOCH`. */
export const SLEEPERS: usize = 320;
/** 0; 1 once a thread has failed, `SILENT` once one has not ended its piece for too long. */
export const FAILED: usize = 384;
/** 1 once the threads are to end. */
export const STOP: usize = 448;
/** Number of threads, the calling one included. */
export const THREADS: usize = 452;
/** 1 where the calling thread may wait, as a browser's page may not. */
export const CALLER_MAY_WAIT: usize = 456;
/** What stands at `FAILED` where no message tells why. */
export const SILENT: i32 = 2;
/** The function that does a piece of the current phase: its index in the module's table. */
export const PIECE: usize = 460;
/** What the function calls the ticket's first piece. */
export const FIRST_PIECE: usize = 464;

/** Most threads, the calling one included: so many tiles there are. */
export const MOST_THREADS: i32 = 256;
/** Why a thread has failed: the message's length, then its UTF-16 codes. */
export const MESSAGE: usize = 40_960;
/** Greatest length of a message. */
export const MESSAGE_LIMIT: i32 = 500;

/** Arguments of the current op, 32-bit words. */
const ARGUMENTS: usize = 512;

/**
 * Where the arguments of a file begin, if they are in use while others' are: each has
 * room for 128. All other files have those from `Op` on, as one op runs at a time.
 */
export const enum Region {
  Op = 0,
  Recurrent = 128,
  MatrixVector = 256,
  Product = 384,
  Packing = 512,
  Scratch = 640,
}

/** A 4 × 8 tile for each thread. */
const TILES: usize = 4096;

export function argument(index: usize): usize {
  return load<u32>(ARGUMENTS + (index << 2));
}

export function setArgument(index: usize, value: usize): void {
  store<u32>(ARGUMENTS + (index << 2), value);
}

export function realArgument(index: usize): f32 {
  return load<f32>(ARGUMENTS + (index << 2));
}

export function setRealArgument(index: usize, value: f32): void {
  store<f32>(ARGUMENTS + (index << 2), value);
}

/** Where `thread` puts a tile of which only a part is wanted. */
export function tileOf(thread: usize): usize {
  return TILES + (thread << 7);
}
