/**
 * What the library uses of the newest engines, for those that lack it: Node 20,
 * and Safari. Comes before everything else in a bundle.
 *
 * @module
 */

/** An object whose property may be missing. */
type Partly<T> = { -readonly [K in keyof T]?: T[K] };

(Symbol as Partly<SymbolConstructor>).dispose ??= Symbol.for(
  "Symbol.dispose",
) as typeof Symbol.dispose;

/** The part of `DisposableStack` that the library uses. */
class Stack {
  #resources: Disposable[] = [];

  use<R extends Disposable>(resource: R): R {
    this.#resources.push(resource);
    return resource;
  }

  move(): Stack {
    const moved = new Stack();
    moved.#resources = this.#resources;
    this.#resources = [];
    return moved;
  }

  dispose(): void {
    for (const resource of this.#resources.reverse()) {
      resource[Symbol.dispose]();
    }
    this.#resources = [];
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

(globalThis as { DisposableStack?: unknown }).DisposableStack ??= Stack;

(Uint8Array.prototype as Partly<Uint8Array>).toHex ??= function (
  this: Uint8Array,
) {
  return Array.from(this, (byte) => byte.toString(16).padStart(2, "0"))
    .join("");
};

(ArrayBuffer.prototype as Partly<ArrayBuffer>).transfer ??= function (
  this: ArrayBuffer,
  length = this.byteLength,
) {
  const longer = new ArrayBuffer(length);
  const moved = structuredClone(this, { transfer: [this] });
  new Uint8Array(longer).set(new Uint8Array(moved).subarray(0, length));
  return longer;
};
