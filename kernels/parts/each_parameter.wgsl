// Gives
//   main(), which calls update(i, p, g) for every parameter p, of index i, with
//     g = clamp(min(1, clipNorm / norm) · gradients[i], ±clipValue) + weightDecay · p,
//   and for none where the norm is not finite. An invocation takes one parameter and
//   then every stride-th one after it, so that any number fits into one dispatch.
//   SIZE, the invocations of a workgroup. The memory is the limit, and 256 fill every
//   device.
//
// Asks
//   update(i: u32, p: f32, g: f32), which writes what becomes of the parameter;
//   dims.P, u32, dims.weightDecay, f32, and dims.parametersAt, dims.gradientsAt and
//   dims.normAt, u32; clip.wgsl and finite.wgsl.

override SIZE: u32 = 256;

@group(0) @binding(1) var<storage, read_write> parameters: array<f32>;
@group(0) @binding(2) var<storage, read> gradients: array<f32>;
@group(0) @binding(3) var<storage, read> norm: array<f32>;

@compute @workgroup_size(SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let length = norm[dims.normAt];
  if (!isFinite(length)) {
    return;
  }
  let clip = clipOf(length);
  for (var i = id.x; i < dims.P; i += groups.x * SIZE) {
    let p = parameters[dims.parametersAt + i];
    let g = clipped(gradients[dims.gradientsAt + i], clip) + dims.weightDecay * p;
    update(i, p, g);
  }
}
