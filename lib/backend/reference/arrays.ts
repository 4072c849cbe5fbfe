import type { OpName } from "../compiled_op.ts";
import type { Tensors } from "../implementations.ts";

/** Real numbers in the precision that the backend was opened with. */
export type Floats = Float32Array | Float64Array;

/** An op's tensors as the arrays of their elements. */
export type Arrays<Op extends OpName> = Tensors<Op, Floats, Uint32Array>;
