// Gives
//   SIDE, STRIDE, left, right: main has @workgroup_size(SIDE, SIDE), and fetches
//   SIDE terms of either factor at a time into left and right, those of four rows
//   or columns at [k · STRIDE + which four].
//   addStaged(sum, x, y): sum and those terms' 4 × 4 products of the invocation (x, y)
//   of the workgroup, added one after the other.
//   storeRow(at, column, width, values): four numbers of a row of the result, from
//   the element at and the column column on, but those outside of the width.
//
// Asks
//   store(at: u32, value: f32), which writes an element of the result.

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

fn storeRow(at: u32, column: u32, width: u32, values: vec4f) {
  if (column < width) {
    store(at, values.x);
  }
  if (column + 1u < width) {
    store(at + 1u, values.y);
  }
  if (column + 2u < width) {
    store(at + 2u, values.z);
  }
  if (column + 3u < width) {
    store(at + 3u, values.w);
  }
}
