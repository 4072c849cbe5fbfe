// Computes
//   output[r, o] = weight[o, ids[r]], the row of weightᵀ that each token picks.
//
// Bindings
//   ids (rows) u32, weight (O, V), output (rows, O); rows = T·B.
//
// Parallel
//   An invocation takes one element of the output at a time (parts/each_element.wgsl).
//   Neighbours write neighbours; the reads of a column of weight stay in the cache.
//
// Workgroup
//   As parts/each_element.wgsl has it.
//
// Reference
//   lib/backend/reference/one_hot_linear.ts, oneHotLinear.

struct Dims {
  rows: u32,
  O: u32,
  V: u32,
  idsAt: u32,
  weightAt: u32,
  outputAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> ids: array<u32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;

fn size() -> u32 {
  return dims.rows * dims.O;
}

fn compute(i: u32) {
  let token = ids[dims.idsAt + i / dims.O];
  output[dims.outputAt + i] = weight[dims.weightAt + i % dims.O * dims.V + token];
}
