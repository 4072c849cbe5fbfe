// Computes
//   dInput = dOutput · weight.
//
// Bindings
//   dOutput (rows, O), weight (O, I), dInput (rows, I).
//
// Parallel
//   A workgroup takes a tile of 64 rows by 64 columns of dInput, an invocation 4 × 4
//   of them (parts/matmul_staged.wgsl).
//
// Workgroup
//   16 × 16: each invocation carries one vec4 of either factor, and 8.5 KiB of
//   workgroup memory leave room for several workgroups on a core.
//
// Reference
//   lib/backend/reference/linear.ts, linearBackward.

struct Dims {
  rows: u32,
  I: u32,
  O: u32,
  dOutputAt: u32,
  weightAt: u32,
  dInputAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> dOutput: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read_write> dInput: array<f32>;

fn sliceOf(_slice: u32) -> Slice {
  return Slice(dims.rows, dims.I, 0u, dims.O);
}

fn leftOf(row: u32, o: u32) -> f32 {
  return dOutput[dims.dOutputAt + row * dims.O + o];
}

fn rightOf(o: u32, i: u32) -> f32 {
  return weight[dims.weightAt + o * dims.I + i];
}

/// Neighbours fetch neighbouring terms of a row.
fn leftPlace(local: vec2u) -> vec2u {
  return local.yx;
}

fn store(row: u32, i: u32, _slice: u32, sum: f32) {
  dInput[dims.dInputAt + row * dims.I + i] = sum;
}
