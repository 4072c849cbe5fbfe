// Gives
//   workgroupSum(lane, value): the sum of the values of all invocations of the
//   workgroup, added up as a tree. Each calls it, with its local_invocation_index.
//
// Asks
//   alias Sum, f32 or a vector of f32; SIZE, the number of invocations, a power of two.

var<workgroup> sums: array<Sum, SIZE>;

fn workgroupSum(lane: u32, value: Sum) -> Sum {
  sums[lane] = value;
  workgroupBarrier();
  for (var half = SIZE / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      sums[lane] += sums[lane + half];
    }
    workgroupBarrier();
  }
  let sum = sums[0];
  workgroupBarrier(); // all have read it when the next values come
  return sum;
}
