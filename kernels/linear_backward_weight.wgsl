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
//   A workgroup owns a tile of 64 rows by 64 columns of one slice of dWeight, an
//   invocation 4 × 4 of them. Sixteen terms of the sums at a time, the factors go
//   through workgroup memory; the next sixteen are fetched while these are
//   multiplied (parts/matmul_staged.wgsl).
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

/// dOutput[k, o], and zero outside.
fn dOutputOf(k: u32, o: u32, end: u32) -> f32 {
  if (k >= end || o >= dims.O) {
    return 0.0;
  }
  return dOutput[dims.dOutputAt + k * dims.O + o];
}

/// input[k, i], and zero outside.
fn inputOf(k: u32, i: u32, end: u32) -> f32 {
  if (k >= end || i >= dims.I) {
    return 0.0;
  }
  return input[dims.inputAt + k * dims.I + i];
}

fn fourOutputs(k: u32, o: u32, end: u32) -> vec4f {
  return vec4f(
    dOutputOf(k, o, end),
    dOutputOf(k, o + 1u, end),
    dOutputOf(k, o + 2u, end),
    dOutputOf(k, o + 3u, end),
  );
}

fn fourInputs(k: u32, i: u32, end: u32) -> vec4f {
  return vec4f(
    inputOf(k, i, end),
    inputOf(k, i + 1u, end),
    inputOf(k, i + 2u, end),
    inputOf(k, i + 3u, end),
  );
}

fn store(at: u32, value: f32) {
  dWeight[at] = value;
}

fn storeFour(slice: u32, o: u32, i: u32, values: vec4f) {
  if (o < dims.O) {
    storeRow(dims.dWeightAt + (slice * dims.O + o) * dims.I + i, i, dims.I, values);
  }
}

@compute @workgroup_size(SIDE, SIDE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let x = local.x;
  let y = local.y;
  let o = group.y * SHARE_Y;
  let i = group.x * SHARE_X + 4u * x;
  let begin = group.z * dims.rowsPerSlice;
  let end = min(begin + dims.rowsPerSlice, dims.rows);
  var sum = mat4x4f();
  var a = fourOutputs(begin + y, o + 4u * x, end);
  var b = fourInputs(begin + y, i, end);
  for (var first = begin; first < end; first += SIDE) {
    left[y * STRIDE + x] = a;
    right[y * STRIDE + x] = b;
    workgroupBarrier();
    a = fourOutputs(first + SIDE + y, o + 4u * x, end);
    b = fourInputs(first + SIDE + y, i, end);
    sum = addStaged(sum, x, y);
    workgroupBarrier();
  }
  let row = o + 4u * y;
  storeFour(group.z, row, i, sum[0]);
  storeFour(group.z, row + 1u, i, sum[1]);
  storeFour(group.z, row + 2u, i, sum[2]);
  storeFour(group.z, row + 3u, i, sum[3]);
}
