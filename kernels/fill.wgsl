// Computes
//   tensor[i] = value.
//
// Bindings
//   tensor (size).
//
// Parallel
//   An invocation owns one element and then every stride-th one after it, so
//   that any size fits into one dispatch.
//
// Workgroup
//   256: the memory is the limit, and this fills every device.
//
// Reference
//   lib/backend/reference/reference_backend.ts, fill.

override SIZE: u32 = 256;

struct Dims {
  size: u32,
  value: f32,
  tensorAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read_write> tensor: array<f32>;

@compute @workgroup_size(SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  for (var i = id.x; i < dims.size; i += groups.x * SIZE) {
    tensor[dims.tensorAt + i] = dims.value;
  }
}
