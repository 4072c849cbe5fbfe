import type { OpName, Tensors } from "../check_call.ts";

/** Real numbers in the precision that the backend was opened with. */
export type Floats = Float32Array | Float64Array;

/** An op's tensors as the arrays of their elements. */
export type Arrays<Op extends OpName> = Tensors<Op, Floats, Uint32Array>;
