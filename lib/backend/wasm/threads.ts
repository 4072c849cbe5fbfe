/**
 * The threads of the CPU backend: workers over one shared memory.
 *
 * @module
 */

import { control } from "../../../kernels/wasm.generated.ts";
import type { Kernels } from "./kernels.ts";

// The control words, as indices of 32-bit words.
const EPOCH = control.EPOCH / 4;
const DONE = control.DONE / 4;
const FAILED = control.FAILED / 4;
const STOP = control.STOP / 4;
const THREADS = control.THREADS / 4;
const CALLER_MAY_WAIT = control.CALLER_MAY_WAIT / 4;
const MESSAGE = control.MESSAGE / 4;

const { MESSAGE_LIMIT, SILENT } = control;

/** Most threads that there is room for in the control words. */
export const { MOST_THREADS } = control;

/**
 * What a worker runs: it takes pieces of one phase after the other. Between two
 * phases it comes back to JavaScript, where an engine that checks bounds itself
 * takes note of a memory that has grown.
 */
const WORKER = `
addEventListener("messageerror", () => postMessage("it cannot share memory"));
onmessage = async ({ data: { module, memory, thread } }) => {
  try {
    const instance = await WebAssembly.instantiate(module, { env: { memory } });
    const { nextPhase, takePieces } = instance.exports;
    postMessage("");
    for (let phase = 0; phase >= 0; phase = nextPhase(phase)) {
      takePieces(phase, thread);
    }
  } catch (error) {
    const message = String(error).slice(0, ${MESSAGE_LIMIT});
    const words = new Int32Array(memory.buffer);
    const codes = new Uint16Array(memory.buffer, ${MESSAGE * 4 + 4});
    for (let i = 0; i < message.length; i++) codes[i] = message.charCodeAt(i);
    words[${MESSAGE}] = message.length;
    Atomics.store(words, ${FAILED}, 1);
    Atomics.notify(words, ${DONE});
    postMessage(message);
  }
  close();
};
`;

/** The kernels on the calling thread, and the workers that help. */
export interface Threads extends Disposable {
  readonly kernels: Kernels;
  /** Throws an Error if a worker has failed. */
  assertAlive(): void;
}

/** Starts `threads − 1` workers and waits until they are ready. */
export async function startThreads(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  threads: number,
): Promise<Threads> {
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  // Stays valid when the memory grows, if that is shared; else there is no worker.
  const words = new Int32Array(memory.buffer, 0, 16_384);
  words[THREADS] = threads;
  words[CALLER_MAY_WAIT] = threads > 1 && mayWait(words) ? 1 : 0;
  const workers: Worker[] = [];
  const fail = (why: string) => {
    const text = why.slice(0, MESSAGE_LIMIT);
    const codes = new Uint16Array(words.buffer, MESSAGE * 4 + 4);
    for (let i = 0; i < text.length; i++) codes[i] = text.charCodeAt(i);
    words[MESSAGE] = text.length;
    Atomics.store(words, FAILED, 1);
  };
  const stop = () => {
    if (workers.length === 0) return;
    Atomics.store(words, STOP, 1);
    Atomics.add(words, EPOCH, 1);
    Atomics.notify(words, EPOCH);
    for (const worker of workers) worker.terminate();
    workers.length = 0;
  };
  // A blob, which needs no file beside this one and no permission: a worker from a
  // `data:` URL is of another origin to a browser, which shares no memory with it.
  const source = new Blob([WORKER], { type: "text/javascript" });
  const url = URL.createObjectURL(source);
  try {
    await Promise.all(Array.from({ length: threads - 1 }, (_, i) => {
      const worker = new Worker(url, { type: "module" });
      workers.push(worker);
      return started(worker, { module, memory, thread: i + 1 }, fail);
    }));
  } catch (error) {
    stop();
    throw error;
  } finally {
    URL.revokeObjectURL(url);
  }
  return {
    // The module is this project's own: kernels.ts says what it exports.
    kernels: instance.exports as unknown as Kernels,
    assertAlive: () => {
      if (workers.length === 0 || words[FAILED] === 0) return;
      const why = words[FAILED] === SILENT
        ? "it has not finished its work for a minute or more"
        : message(words);
      throw new Error(`A thread of the CPU backend failed: ${why}`);
    },
    [Symbol.dispose]: stop,
  };
}

/** Whether this thread may wait: the main thread of a page may not. */
function mayWait(words: Int32Array<ArrayBufferLike>): boolean {
  try {
    Atomics.wait(words, EPOCH, Atomics.load(words, EPOCH), 0);
    return true;
  } catch {
    return false;
  }
}

/** Settles when the worker is ready, or is not; what it fails by later goes to `fail`. */
function started(
  worker: Worker,
  start: unknown,
  fail: (why: string) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (why: string) => {
      fail(why);
      reject(new Error(`Cannot start a thread of the CPU backend: ${why}`));
    };
    worker.onmessage = ({ data }) => data === "" ? resolve() : end(data);
    worker.onmessageerror = () => end("it cannot share memory");
    worker.onerror = (event) => {
      event.preventDefault();
      end(event.message);
    };
    worker.postMessage(start);
  });
}

function message(words: Int32Array<ArrayBufferLike>): string {
  const codes = new Uint16Array(words.buffer, MESSAGE * 4 + 4, words[MESSAGE]);
  return String.fromCharCode(...codes);
}
