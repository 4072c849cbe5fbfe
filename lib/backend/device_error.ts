/**
 * How a device failed:
 *
 * - `unavailable`: there is none, or it cannot be opened;
 * - `lost`: it was available and no longer is, for example because the driver restarted
 *   or the card was unplugged;
 * - `out-of-memory`: it has no memory left, or cannot allocate that much in one piece;
 * - `silent`: it does not respond;
 * - `failed`: it reported another error, or returned impossible values.
 */
export type DeviceErrorKind =
  | "unavailable"
  | "lost"
  | "out-of-memory"
  | "silent"
  | "failed";

/**
 * A device failed, through no fault of its caller. The backend can no longer be used.
 * Everything that was read back from it before is valid, and another backend can
 * continue from there.
 *
 * @example
 * ```ts
 * import { DeviceError } from "./device_error.ts";
 *
 * const error = new DeviceError("lost", "The GPU is lost");
 * console.assert(error.kind === "lost" && error instanceof Error);
 * ```
 */
export class DeviceError extends Error {
  /** Name of the class, which messages and stack traces show. */
  override readonly name = "DeviceError";

  /**
   * An error of a device.
   *
   * @param kind How the device has failed.
   * @param message One sentence; line breaks, which some drivers add, become spaces.
   */
  constructor(
    readonly kind: DeviceErrorKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message.replace(/\s*\n\s*/g, " "), options);
  }
}
