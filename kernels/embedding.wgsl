// Computes
//   output[r, e] = table[ids[r], e], the row of the table that each token has.
//
// Bindings
//   ids (rows) u32, table (V, E), output (rows, E); rows = T·B.
//
// Parallel
//   An invocation takes one element of the output at a time (parts/each_element.wgsl).
//   Neighbours read and write neighbours.
//
// Workgroup
//   As parts/each_element.wgsl has it.
//
// Reference
//   lib/backend/reference/embedding.ts, embedding.

struct Dims {
  rows: u32,
  E: u32,
  idsAt: u32,
  tableAt: u32,
  outputAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> ids: array<u32>;
@group(0) @binding(2) var<storage, read> table: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;

fn size() -> u32 {
  return dims.rows * dims.E;
}

fn compute(i: u32) {
  let token = ids[dims.idsAt + i / dims.E];
  output[dims.outputAt + i] = table[dims.tableAt + token * dims.E + i % dims.E];
}
