// Gives
//   main(), which computes a product of matrices and calls store(row, column, slice,
//   sum) for each element of it. A workgroup takes a tile of 4·SIDE rows by 4·SIDE
//   columns, an invocation 4 × 4 elements. SIDE terms of the sums at a time, the
//   factors go through workgroup memory, each invocation fetching four numbers of
//   either; the next ones are fetched while these are multiplied.
//   struct Slice: how many rows and columns there are, and which terms are added up.
//
// Asks
//   sliceOf(slice: u32) -> Slice, for each workgroup in z;
//   leftOf(row: u32, k: u32) -> f32 and rightOf(k: u32, column: u32) -> f32, the
//   factors of an element's k-th term; store(row: u32, column: u32, slice: u32,
//   sum: f32), which writes an element;
//   leftPlace(local: vec2u) -> vec2u: which four rows, and which term, of the left
//   factor the invocation fetches, so that neighbours read neighbouring numbers.

const SIDE = 16u;
const SHARE_X = 4u * SIDE;
const SHARE_Y = 4u * SIDE;
/// A row of memory is one vec4 longer than it need be, so that a column of it lies in
/// different banks.
const STRIDE = SIDE + 1u;

var<workgroup> left: array<vec4f, SIDE * STRIDE>; // [k][four rows]
var<workgroup> right: array<vec4f, SIDE * STRIDE>; // [k][four columns]

/// The 4 × 4 products of the k-th terms.
fn products(k: u32, x: u32, y: u32) -> mat4x4f {
  let a = left[k * STRIDE + y];
  let b = right[k * STRIDE + x];
  return mat4x4f(a.x * b, a.y * b, a.z * b, a.w * b);
}

/// The products of the terms in workgroup memory, added one after the other.
fn addStaged(before: mat4x4f, x: u32, y: u32) -> mat4x4f {
  var sum = before;
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
  return sum;
}

/// What a workgroup computes: rows and columns, of the terms `first` to `end` − 1.
struct Slice {
  rows: u32,
  columns: u32,
  first: u32,
  end: u32,
}

/// A number of the left factor, zero outside.
fn leftWithin(slice: Slice, row: u32, k: u32) -> f32 {
  if (row >= slice.rows || k >= slice.end) {
    return 0.0;
  }
  return leftOf(row, k);
}

/// A number of the right factor, zero outside.
fn rightWithin(slice: Slice, k: u32, column: u32) -> f32 {
  if (k >= slice.end || column >= slice.columns) {
    return 0.0;
  }
  return rightOf(k, column);
}

fn fourRows(slice: Slice, row: u32, k: u32) -> vec4f {
  return vec4f(
    leftWithin(slice, row, k),
    leftWithin(slice, row + 1u, k),
    leftWithin(slice, row + 2u, k),
    leftWithin(slice, row + 3u, k),
  );
}

fn fourColumns(slice: Slice, k: u32, column: u32) -> vec4f {
  return vec4f(
    rightWithin(slice, k, column),
    rightWithin(slice, k, column + 1u),
    rightWithin(slice, k, column + 2u),
    rightWithin(slice, k, column + 3u),
  );
}

/// Stores those of four numbers of a row of the result that are not outside.
fn storeFour(slice: Slice, z: u32, row: u32, column: u32, sums: vec4f) {
  if (row >= slice.rows) {
    return;
  }
  if (column < slice.columns) {
    store(row, column, z, sums.x);
  }
  if (column + 1u < slice.columns) {
    store(row, column + 1u, z, sums.y);
  }
  if (column + 2u < slice.columns) {
    store(row, column + 2u, z, sums.z);
  }
  if (column + 3u < slice.columns) {
    store(row, column + 3u, z, sums.w);
  }
}

@compute @workgroup_size(SIDE, SIDE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let x = local.x;
  let y = local.y;
  let z = group.z;
  let slice = sliceOf(z);
  let place = leftPlace(local.xy);
  let row = group.y * SHARE_Y;
  let column = group.x * SHARE_X + 4u * x;
  var sum = mat4x4f();
  var a = fourRows(slice, row + 4u * place.x, slice.first + place.y);
  var b = fourColumns(slice, slice.first + y, column);
  for (var first = slice.first; first < slice.end; first += SIDE) {
    left[place.y * STRIDE + place.x] = a;
    right[y * STRIDE + x] = b;
    workgroupBarrier();
    a = fourRows(slice, row + 4u * place.x, first + SIDE + place.y);
    b = fourColumns(slice, first + SIDE + y, column);
    sum = addStaged(sum, x, y);
    workgroupBarrier();
  }
  let r = row + 4u * y;
  storeFour(slice, z, r, column, sum[0]);
  storeFour(slice, z, r + 1u, column, sum[1]);
  storeFour(slice, z, r + 2u, column, sum[2]);
  storeFour(slice, z, r + 3u, column, sum[3]);
}
