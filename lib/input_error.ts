/**
 * Errors of what was given: a setting, a text, a file. The platform throws RangeError
 * and SyntaxError itself, as when the stack overflows; these tell the two apart.
 *
 * @module
 */

/**
 * A setting, a text or a model that cannot be used, each in its own format: it is out
 * of a range, or does not fit what it is used with.
 *
 * @example
 * ```ts
 * import { InputError } from "./input_error.ts";
 * import { partition } from "./partition.ts";
 *
 * try {
 *   partition(new Uint8Array(9), { batchSize: 0 });
 * } catch (error) {
 *   console.assert(error instanceof InputError && error instanceof RangeError);
 * }
 * ```
 */
export class InputError extends RangeError {
  /** Tells this error from others. */
  override readonly name = "InputError";
}

/**
 * Bytes or text that are not in the format they have to be in.
 *
 * @example
 * ```ts
 * import { FormatError } from "./input_error.ts";
 * import { decodeTokenFile } from "./text/token_file.ts";
 *
 * try {
 *   decodeTokenFile(new Uint8Array(9));
 * } catch (error) {
 *   console.assert(error instanceof FormatError && error instanceof SyntaxError);
 * }
 * ```
 */
export class FormatError extends SyntaxError {
  /** Tells this error from others. */
  override readonly name = "FormatError";
}
