import type { Backend } from "../../lib/backend/backend.ts";
import type { DeviceError } from "../../lib/backend/device_error.ts";
import { type DeviceName, openBackend } from "../../lib/backend/open.ts";
import { say } from "./terminal.ts";

/** A device that a training runs on, and the one in its place when it is lost. */
export class TrainingDevice implements Disposable {
  #backend: Backend;
  readonly #open: () => Promise<Backend>;

  /**
   * @param backend Open; it is closed with this object.
   * @param open Opens another one of the same kind.
   */
  constructor(
    backend: Backend,
    open = () => openBackend(backend.name as DeviceName),
  ) {
    this.#backend = backend;
    this.#open = open;
  }

  /** The one in use. */
  get backend(): Backend {
    return this.#backend;
  }

  /** Opens a new one in place of the one that is lost, and says so. */
  readonly reopen = async (loss: DeviceError): Promise<Backend> => {
    const next = await this.#open();
    this.#backend[Symbol.dispose]();
    this.#backend = next;
    say(
      `${loss.message}. Training continues from the last save on ` +
        next.description,
    );
    return next;
  };

  /** Closes the one in use. */
  [Symbol.dispose](): void {
    this.#backend[Symbol.dispose]();
  }
}
