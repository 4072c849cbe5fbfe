// Computes
//   destination[i] = source[i], or 0 where that or the norm is not finite.
//
// Bindings
//   source (size), destination (size), norm ().
//
// Parallel
//   An invocation owns one element and then every stride-th one after it, so
//   that any size fits into one dispatch.
//
// Workgroup
//   256: the memory is the limit, and this fills every device.
//
// Reference
//   lib/backend/reference/carry.ts.

override SIZE: u32 = 256;

struct Dims {
  size: u32,
  sourceAt: u32,
  destinationAt: u32,
  normAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read_write> destination: array<f32>;
@group(0) @binding(3) var<storage, read> norm: array<f32>;

@compute @workgroup_size(SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let isSound = isFinite(norm[dims.normAt]);
  for (var i = id.x; i < dims.size; i += groups.x * SIZE) {
    let state = source[dims.sourceAt + i];
    destination[dims.destinationAt + i] = select(0.0, state, isSound && isFinite(state));
  }
}
