// Computes
//   dWeight[i] = Σ_s partials[s, i], in ascending order of s.
//
// Bindings
//   partials (slices, size), a scratch tensor, dWeight (size).
//
// Parallel
//   An invocation takes one element of dWeight at a time (parts/each_element.wgsl).
//
// Workgroup
//   As parts/each_element.wgsl has it.
//
// Reference
//   None: linearBackward in lib/backend/reference/linear.ts has no slices.

struct Dims {
  slices: u32,
  size: u32,
  partialsAt: u32,
  dWeightAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> partials: array<f32>;
@group(0) @binding(2) var<storage, read_write> dWeight: array<f32>;

fn size() -> u32 {
  return dims.size;
}

fn compute(i: u32) {
  var sum = 0f;
  for (var s = 0u; s < dims.slices; s++) {
    sum += partials[dims.partialsAt + s * dims.size + i];
  }
  dWeight[dims.dWeightAt + i] = sum;
}
