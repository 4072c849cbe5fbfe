// Computes
//   tensor[i] = value.
//
// Bindings
//   tensor (size).
//
// Parallel
//   An invocation takes one element at a time (parts/each_element.wgsl).
//
// Workgroup
//   As parts/each_element.wgsl has it.
//
// Reference
//   lib/backend/reference/reference_backend.ts, fill.

struct Dims {
  size: u32,
  value: f32,
  tensorAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read_write> tensor: array<f32>;

fn size() -> u32 {
  return dims.size;
}

fn compute(i: u32) {
  tensor[dims.tensorAt + i] = dims.value;
}
