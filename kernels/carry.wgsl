// Computes
//   destination[i] = source[i], or 0 where that or the norm is not finite.
//
// Bindings
//   source (size), destination (size), norm ().
//
// Parallel
//   An invocation takes one element at a time (parts/each_element.wgsl).
//
// Workgroup
//   As parts/each_element.wgsl has it.
//
// Reference
//   lib/backend/reference/carry.ts.

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

fn size() -> u32 {
  return dims.size;
}

fn compute(i: u32) {
  let state = source[dims.sourceAt + i];
  let isSound = isFinite(norm[dims.normAt]) && isFinite(state);
  destination[dims.destinationAt + i] = select(0.0, state, isSound);
}
