/**
 * Errors in the input: a setting, a text, a file. The platform also throws RangeError
 * and SyntaxError itself, for example when the stack overflows; these classes make the
 * two distinguishable.
 *
 * @module
 */

/**
 * A setting, a text or a model that cannot be used, although its format is right: it is
 * out of range, or does not fit what it is used with.
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
  /** Name of the class, which messages and stack traces show. */
  override readonly name = "InputError";
}

/**
 * Bytes or text that are not in the required format.
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
  /** Name of the class, which messages and stack traces show. */
  override readonly name = "FormatError";
}
