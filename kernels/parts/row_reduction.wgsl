// Gives
//   reduced(local, value, isSum): the sum of the values of all invocations of a row of
//   the workgroup, or the greatest of them: of those with the same local_invocation_id.y.
//   All invocations of the workgroup call it, with their local_invocation_id. The
//   order of the sum is always the same, a tree's. The greatest may leave out a NaN.
//
// Asks
//   LANES, the invocations of a row, a power of two, and GROUPS, the number of rows.

var<workgroup> lanes: array<f32, LANES * GROUPS>;

fn reduced(local: vec3u, value: f32, isSum: bool) -> f32 {
  let index = local.y * LANES + local.x;
  lanes[index] = value;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (local.x < half) {
      let a = lanes[index];
      let b = lanes[index + half];
      lanes[index] = select(max(a, b), a + b, isSum);
    }
    workgroupBarrier();
  }
  let result = lanes[local.y * LANES];
  workgroupBarrier(); // all have read it when the next values come
  return result;
}
