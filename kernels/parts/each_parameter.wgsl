// Gives
//   main(), which calls update(i, p, g) for every parameter p, of index i, with
//     g = clamp(min(1, clipNorm / norm) · gradients[i], ±clipValue) + weightDecay · p,
//   and for none where the norm is not finite; one invocation stores the norm. A
//   workgroup takes SHARE_X parameters and then every stride-th SHARE_X after them, so
//   that any number fits into one dispatch, and few have to add up the norm.
//   SIZE, the invocations of a workgroup. The memory is the limit, and 256 fill every
//   device.
//
// Asks
//   update(i: u32, p: f32, g: f32), which writes what becomes of the parameter;
//   dims.P, u32, dims.weightDecay, f32, and dims.parametersAt, dims.gradientsAt and
//   dims.normAt, u32; global_norm.wgsl, workgroup_sum.wgsl, clip.wgsl and finite.wgsl.

override SIZE: u32 = 256; // a power of two
override SHARE_X: u32 = 8 * SIZE;

@group(0) @binding(1) var<storage, read_write> parameters: array<f32>;
@group(0) @binding(2) var<storage, read> gradients: array<f32>;
@group(0) @binding(3) var<storage, read> partials: array<f32>;
@group(0) @binding(4) var<storage, read_write> norm: array<f32>;

alias Sum = vec3f;

@compute @workgroup_size(SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let length = globalNorm(lane);
  if (group.x == 0u && lane == 0u) {
    norm[dims.normAt] = length;
  }
  if (!isFinite(length)) {
    return;
  }
  let clip = clipOf(length);
  for (var first = group.x * SHARE_X; first < dims.P; first += groups.x * SHARE_X) {
    let end = min(first + SHARE_X, dims.P);
    for (var i = first + lane; i < end; i += SIZE) {
      let p = parameters[dims.parametersAt + i];
      let g = clipped(gradients[dims.gradientsAt + i], clip) + dims.weightDecay * p;
      update(i, p, g);
    }
  }
}
