/**
 * How a device fails:
 *
 * - `unavailable`: there is none, or it does not open;
 * - `lost`: it was there, and is gone: a driver that started anew, a card unplugged;
 * - `out-of-memory`: it has no room, or cannot hold so much in one piece;
 * - `silent`: it does not answer;
 * - `failed`: it reported another error, or gave back what cannot be.
 */
export type DeviceErrorKind =
  | "unavailable"
  | "lost"
  | "out-of-memory"
  | "silent"
  | "failed";

/**
 * A device that cannot go on, through no fault of its caller. The backend is of no
 * use any more; what was read back from it before is sound, and another backend can
 * go on from there.
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
  /** The class by name, as messages and stack traces show it. */
  override readonly name = "DeviceError";

  /**
   * An error of a device.
   *
   * @param kind How the device has failed.
   * @param message One sentence; line ends, which drivers put in, become spaces.
   */
  constructor(
    readonly kind: DeviceErrorKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message.replace(/\s*\n\s*/g, " "), options);
  }
}
