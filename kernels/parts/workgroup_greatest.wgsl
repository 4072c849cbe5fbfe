// Gives
//   workgroupGreatest(lane, value, id): the greatest value of all invocations of the
//   workgroup, with its id: of equals the lowest. Each calls it, with its
//   local_invocation_index.
//
// Asks
//   SIZE, the number of invocations, a power of two.

struct Greatest {
  value: f32,
  id: u32,
}

var<workgroup> candidates: array<Greatest, SIZE>;

fn workgroupGreatest(lane: u32, value: f32, id: u32) -> Greatest {
  candidates[lane] = Greatest(value, id);
  workgroupBarrier();
  for (var half = SIZE / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      let a = candidates[lane];
      let b = candidates[lane + half];
      if (b.value > a.value || (b.value == a.value && b.id < a.id)) {
        candidates[lane] = b;
      }
    }
    workgroupBarrier();
  }
  let greatest = candidates[0];
  workgroupBarrier(); // all have read it when the next values come
  return greatest;
}
