import { InputError } from "../../input_error.ts";
import type { Values } from "../backend.ts";

/**
 * Zeros, the elements of a tensor.
 *
 * @param Elements The array that holds them: `Float64Array`.
 * @throws {InputError} If there is no memory for so many.
 */
export function zeros<Kind extends Values>(
  Elements: new (size: number) => Kind,
  size: number,
): Kind {
  try {
    return new Elements(size);
  } catch (cause) {
    throw new InputError(
      `The reference backend has no memory for ${size} elements: use ` +
        "a smaller model, batch size or number of steps",
      { cause },
    );
  }
}
