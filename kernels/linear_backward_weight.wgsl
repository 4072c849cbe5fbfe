// Computes
//   dWeight[slice] = dOutputᵀ · input over the rows of one slice. The sums run
//   over all T·B rows while dWeight itself is small, so the rows are cut into
//   slices that run side by side; sum_slices.wgsl adds them up. A recurrent layer
//   takes this kernel too, with the states of the steps before for the input.
//
// Bindings
//   dOutput (rows, O), input (rows, I), dWeight (slices, O, I): the gradient where
//   there is one slice, otherwise a scratch tensor.
//
// Parallel
//   A workgroup takes a tile of 64 rows by 64 columns of one slice of dWeight, an
//   invocation 4 × 4 of them (parts/matmul_staged.wgsl).
//
// Workgroup
//   16 × 16, for the reasons given in linear_backward_input.wgsl.
//
// Reference
//   lib/backend/reference/linear.ts, linearBackward.

struct Dims {
  rows: u32,
  rowsPerSlice: u32,
  I: u32,
  O: u32,
  dOutputAt: u32,
  inputAt: u32,
  dWeightAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> dOutput: array<f32>;
@group(0) @binding(2) var<storage, read> input: array<f32>;
@group(0) @binding(3) var<storage, read_write> dWeight: array<f32>;

fn sliceOf(slice: u32) -> Slice {
  let first = slice * dims.rowsPerSlice;
  return Slice(dims.O, dims.I, first, min(first + dims.rowsPerSlice, dims.rows));
}

fn leftOf(o: u32, row: u32) -> f32 {
  return dOutput[dims.dOutputAt + row * dims.O + o];
}

fn rightOf(row: u32, i: u32) -> f32 {
  return input[dims.inputAt + row * dims.I + i];
}

/// Neighbours fetch neighbouring outputs of a row.
fn leftPlace(local: vec2u) -> vec2u {
  return local;
}

fn store(o: u32, i: u32, slice: u32, sum: f32) {
  dWeight[dims.dWeightAt + (slice * dims.O + o) * dims.I + i] = sum;
}
