// Computes
//   dInput = dOutput · weight.
//
// Bindings
//   dOutput (rows, O), weight (O, I), dInput (rows, I).
//
// Parallel
//   A workgroup owns a tile of 64 rows by 64 columns of dInput, an invocation
//   4 × 4 of them. Sixteen terms of the sums at a time, the factors go through
//   workgroup memory; the next sixteen are fetched while these are multiplied
//   (parts/matmul_staged.wgsl).
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

/// dOutput[row, k], and zero outside.
fn dOutputOf(row: u32, k: u32) -> f32 {
  if (row >= dims.rows || k >= dims.O) {
    return 0.0;
  }
  return dOutput[dims.dOutputAt + row * dims.O + k];
}

/// weight[k, column], and zero outside.
fn weightOf(k: u32, column: u32) -> f32 {
  if (k >= dims.O || column >= dims.I) {
    return 0.0;
  }
  return weight[dims.weightAt + k * dims.I + column];
}

fn fourRows(row: u32, k: u32) -> vec4f {
  return vec4f(
    dOutputOf(row, k),
    dOutputOf(row + 1u, k),
    dOutputOf(row + 2u, k),
    dOutputOf(row + 3u, k),
  );
}

fn fourColumns(k: u32, column: u32) -> vec4f {
  return vec4f(
    weightOf(k, column),
    weightOf(k, column + 1u),
    weightOf(k, column + 2u),
    weightOf(k, column + 3u),
  );
}

fn store(at: u32, value: f32) {
  dInput[at] = value;
}

fn storeFour(row: u32, column: u32, values: vec4f) {
  if (row < dims.rows) {
    storeRow(dims.dInputAt + row * dims.I + column, column, dims.I, values);
  }
}

@compute @workgroup_size(SIDE, SIDE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let x = local.x;
  let y = local.y;
  let row = group.y * SHARE_Y + 4u * y;
  let column = group.x * SHARE_X + 4u * x;
  var sum = mat4x4f();
  var a = fourRows(row, x);
  var b = fourColumns(y, column);
  for (var first = 0u; first < dims.O; first += SIDE) {
    left[x * STRIDE + y] = a;
    right[y * STRIDE + x] = b;
    workgroupBarrier();
    a = fourRows(row, first + SIDE + x);
    b = fourColumns(first + SIDE + y, column);
    sum = addStaged(sum, x, y);
    workgroupBarrier();
  }
  storeFour(row, column, sum[0]);
  storeFour(row + 1u, column, sum[1]);
  storeFour(row + 2u, column, sum[2]);
  storeFour(row + 3u, column, sum[3]);
}
