// Computes
//   dInput = dOutput · weight.
//
// Bindings
//   dOutput (rows, O), weight (O, I), dInput (rows, I).
//
// Parallel
//   A workgroup owns a tile of 64 rows by 64 columns of dInput, an invocation
//   4 × 4 of them. Sixteen terms of the sums at a time, the factors go through
//   workgroup memory; the next sixteen are fetched while these are multiplied.
//
// Workgroup
//   16 × 16: each invocation carries one vec4 of either factor, and 8.5 KiB of
//   workgroup memory leave room for several workgroups on a core. A row of
//   memory is one vec4 longer than it need be, so that a column of it lies in
//   different banks.
//
// Reference
//   lib/backend/reference/linear.ts, linearBackward.

const SIDE = 16u;
const STRIDE = SIDE + 1u;

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

var<workgroup> left: array<vec4f, SIDE * STRIDE>; // [k][four rows]
var<workgroup> right: array<vec4f, SIDE * STRIDE>; // [k][four columns]

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

/// The 4 × 4 products of the k-th terms.
fn products(k: u32, x: u32, y: u32) -> mat4x4f {
  let a = left[k * STRIDE + y];
  let b = right[k * STRIDE + x];
  return mat4x4f(a.x * b, a.y * b, a.z * b, a.w * b);
}

fn store(row: u32, column: u32, values: vec4f) {
  if (row >= dims.rows) {
    return;
  }
  let at = dims.dInputAt + row * dims.I + column;
  if (column < dims.I) {
    dInput[at] = values.x;
  }
  if (column + 1u < dims.I) {
    dInput[at + 1u] = values.y;
  }
  if (column + 2u < dims.I) {
    dInput[at + 2u] = values.z;
  }
  if (column + 3u < dims.I) {
    dInput[at + 3u] = values.w;
  }
}

@compute @workgroup_size(SIDE, SIDE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let x = local.x;
  let y = local.y;
  let row = 4u * (group.y * SIDE + y);
  let column = 4u * (group.x * SIDE + x);
  var sum = mat4x4f();
  var a = fourRows(row, x);
  var b = fourColumns(y, column);
  for (var first = 0u; first < dims.O; first += SIDE) {
    left[x * STRIDE + y] = a;
    right[y * STRIDE + x] = b;
    workgroupBarrier();
    a = fourRows(row, first + SIDE + x);
    b = fourColumns(first + SIDE + y, column);
    sum += products(0u, x, y);
    sum += products(1u, x, y);
    sum += products(2u, x, y);
    sum += products(3u, x, y);
    sum += products(4u, x, y);
    sum += products(5u, x, y);
    sum += products(6u, x, y);
    sum += products(7u, x, y);
    sum += products(8u, x, y);
    sum += products(9u, x, y);
    sum += products(10u, x, y);
    sum += products(11u, x, y);
    sum += products(12u, x, y);
    sum += products(13u, x, y);
    sum += products(14u, x, y);
    sum += products(15u, x, y);
    workgroupBarrier();
  }
  store(row, column, sum[0]);
  store(row + 1u, column, sum[1]);
  store(row + 2u, column, sum[2]);
  store(row + 3u, column, sum[3]);
}
