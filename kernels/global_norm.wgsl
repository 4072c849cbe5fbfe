// Computes
//   norm = √ Σ_g partials[g].
//
// Bindings
//   partials (count), a scratch tensor that global_norm_partials.wgsl fills,
//   norm ().
//
// Parallel
//   One workgroup: invocation l adds up the elements l, l + SIZE, …, and the sums
//   meet as a tree.
//
// Workgroup
//   256: the most that every device has, as there is only one.
//
// Reference
//   lib/backend/reference/gradient_descent.ts, globalNorm.

override SIZE: u32 = 256; // a power of two

struct Dims {
  count: u32,
  partialsAt: u32,
  normAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> partials: array<f32>;
@group(0) @binding(2) var<storage, read_write> norm: array<f32>;

var<workgroup> sums: array<f32, SIZE>;

@compute @workgroup_size(SIZE)
fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = 0f;
  for (var i = lane; i < dims.count; i += SIZE) {
    sum += partials[dims.partialsAt + i];
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
    norm[dims.normAt] = sqrt(sums[0]);
  }
}
