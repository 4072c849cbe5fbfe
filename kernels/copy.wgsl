// Computes
//   destination[i] = source[i], bit by bit: both are bound as words, of whatever
//   type they are.
//
// Bindings
//   source (size), destination (size).
//
// Parallel
//   An invocation takes one element at a time (parts/each_element.wgsl).
//
// Workgroup
//   As parts/each_element.wgsl has it.
//
// Reference
//   lib/backend/reference/reference_backend.ts, copy.

struct Dims {
  size: u32,
  sourceAt: u32,
  destinationAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> destination: array<u32>;

fn size() -> u32 {
  return dims.size;
}

fn compute(i: u32) {
  destination[dims.destinationAt + i] = source[dims.sourceAt + i];
}
