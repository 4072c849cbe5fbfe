// Computes
//   partials[g] = Σ gradients² over the share of workgroup g; global_norm.wgsl adds
//   them up.
//
// Bindings
//   gradients (P), partials (workgroups), a scratch tensor.
//
// Parallel
//   Invocation i of all takes the elements i, i + the number of them all, …; the
//   sums of a workgroup meet as a tree.
//
// Workgroup
//   256: the memory is the limit, and this fills every device.
//
// Reference
//   lib/backend/reference/gradient_descent.ts, globalNorm.

override SIZE: u32 = 256; // a power of two

struct Dims {
  P: u32,
  gradientsAt: u32,
  partialsAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> gradients: array<f32>;
@group(0) @binding(2) var<storage, read_write> partials: array<f32>;

var<workgroup> sums: array<f32, SIZE>;

@compute @workgroup_size(SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  var sum = 0f;
  for (var i = group.x * SIZE + lane; i < dims.P; i += groups.x * SIZE) {
    let g = gradients[dims.gradientsAt + i];
    sum += g * g;
  }
  sums[lane] = sum;
  workgroupBarrier();
  for (var half = SIZE / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      sums[lane] += sums[lane + half];
    }
    workgroupBarrier();
  }
  if (lane == 0u) {
    partials[dims.partialsAt + group.x] = sums[0];
  }
}
