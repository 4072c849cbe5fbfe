// Gives
//   main(), which calls compute(i) for every i below size(): an invocation takes one i
//   and then every stride-th one after it, so that any size fits into one dispatch.
//   SIZE, the invocations of a workgroup. The memory is the limit, and 256 fill every
//   device.
//
// Asks
//   size() -> u32; compute(i: u32).

override SIZE: u32 = 256;

@compute @workgroup_size(SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let end = size();
  for (var i = id.x; i < end; i += groups.x * SIZE) {
    compute(i);
  }
}
