import { DeviceError } from "../device_error.ts";

/** How often a wait is looked at until it has lasted too long. */
const LOOKS = 20;

/**
 * What a device has failed by, if it has: the first failure is thrown by all that
 * is asked of it afterwards.
 */
export class DeviceWatch {
  readonly #waiting = new Set<(failure: DeviceError) => void>();
  #failure?: DeviceError;

  constructor(device: GPUDevice) {
    device.addEventListener("uncapturederror", (event) => {
      const { error } = event as GPUUncapturedErrorEvent;
      const kind = error.constructor.name;
      // The message names the object by its label.
      const message = error.message?.trim() || "no reason was given";
      this.fail(
        kind === "GPUOutOfMemoryError"
          ? new DeviceError(
            "out-of-memory",
            `The GPU is out of memory: ${message}`,
          )
          : new DeviceError("failed", `WebGPU reported a ${kind}: ${message}`),
      );
    });
    device.lost.then(({ reason, message }) => {
      const why = message.trim() || "no reason was given";
      this.fail(
        new DeviceError(
          "lost",
          `The WebGPU device was lost (${reason}): ${why}`,
        ),
      );
    });
  }

  /** Throws the device's failure, if there is one. */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  /** Notes a failure; of several the first counts. All that is waited for ends. */
  fail(failure: DeviceError): void {
    this.#failure ??= failure;
    for (const end of [...this.#waiting]) end(this.#failure);
  }

  /**
   * What the device answers. Time counts only while this thread has its turns: where
   * waiting for a device blocks it, as in Deno, work of hours is no silence.
   *
   * @param patience Milliseconds that it is given. Default: as long as it takes.
   * @throws {DeviceError} If the device fails, or is silent for so long.
   */
  async wait<T>(answer: Promise<T>, patience = Infinity): Promise<T> {
    let end!: (failure: DeviceError) => void;
    const failed = new Promise<never>((_, reject) => end = reject);
    this.#waiting.add(end);
    const timer = patience < Infinity ? this.#lookOut(patience) : undefined;
    try {
      const value = await Promise.race([answer, failed]);
      this.check(); // after a loss some calls answer as if nothing had been
      return value;
    } catch (error) {
      if (error instanceof DeviceError) throw error;
      // The event that says why is a task of its own.
      await new Promise((resolve) => setTimeout(resolve, 0));
      const { message } = error as Error;
      const failure = new DeviceError("failed", `The GPU failed: ${message}`, {
        cause: error,
      });
      this.fail(failure);
      throw this.#failure;
    } finally {
      clearInterval(timer);
      this.#waiting.delete(end);
    }
  }

  /** Fails the device after so many milliseconds, in small parts. */
  #lookOut(patience: number) {
    let looks = 0;
    return setInterval(() => {
      if (++looks < LOOKS) return;
      const seconds = patience / 1000;
      const message = `The GPU has not answered for ${seconds} seconds`;
      this.fail(new DeviceError("silent", message));
    }, patience / LOOKS);
  }
}
