/**
 * The page's end of the worker.
 *
 * @module
 */

import type { CallName, Calls, Message, Notice, Question } from "./protocol.ts";

interface Waiting {
  readonly resolve: (answer: never) => void;
  readonly reject: (error: Error) => void;
}

/** Asks the worker, and hears what it tells unasked. */
export class Client {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  constructor(onNotice: (notice: Notice) => void) {
    this.#worker = new Worker(new URL("worker.js", document.baseURI), {
      type: "module",
    });
    this.#worker.addEventListener("message", ({ data }) => {
      const message: Message = data;
      if ("notice" in message) {
        onNotice(message.notice);
        return;
      }
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if ("error" in message) waiting?.reject(new Error(message.error));
      else waiting?.resolve(message.answer as never);
    });
    this.#worker.addEventListener("error", ({ message }) => {
      const why = message || "its script cannot be loaded";
      for (const { reject } of this.#waiting.values()) {
        reject(new Error(`The page's worker failed: ${why}`));
      }
      this.#waiting.clear();
    });
  }

  /** Calls a function of the worker. */
  call<Name extends CallName>(
    name: Name,
    ask: Calls[Name]["ask"],
  ): Promise<Calls[Name]["answer"]> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, name, ask } as Question);
    });
  }
}
