/** Real numbers in the precision that the backend was opened with. */
export type Floats = Float32Array | Float64Array;
