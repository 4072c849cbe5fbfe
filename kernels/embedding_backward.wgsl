// Computes
//   dTable[v, e] = Σ dOutput[r, e] over the rows r whose token is v, for each v that
//   there is; fill.wgsl has zeroed the others.
//
// Bindings
//   ids (rows) u32, links (2, rows) u32, a scratch tensor that
//   embedding_backward_links.wgsl fills, dOutput (rows, E), dTable (V, E);
//   rows = T·B.
//
// Parallel
//   An invocation takes one element of dOutput at a time (parts/each_element.wgsl).
//   Where its row is the first with its token it adds up that element of all the rows
//   with that token, in ascending order; else another invocation does. So the work does
//   not grow with V, and no float is added atomically.
//
// Workgroup
//   As parts/each_element.wgsl has it.
//
// Reference
//   lib/backend/reference/embedding.ts, embeddingBackward.

struct Dims {
  rows: u32,
  E: u32,
  idsAt: u32,
  linksAt: u32,
  dOutputAt: u32,
  dTableAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> ids: array<u32>;
@group(0) @binding(2) var<storage, read> links: array<u32>;
@group(0) @binding(3) var<storage, read> dOutput: array<f32>;
@group(0) @binding(4) var<storage, read_write> dTable: array<f32>;

fn size() -> u32 {
  return dims.rows * dims.E;
}

fn compute(i: u32) {
  let first = i / dims.E;
  let e = i % dims.E;
  if (links[dims.linksAt + dims.rows + first] == 0u) {
    return;
  }
  var sum = 0f;
  for (var row = first; row < dims.rows; row = links[dims.linksAt + row]) {
    sum += dOutput[dims.dOutputAt + row * dims.E + e];
  }
  dTable[dims.dTableAt + ids[dims.idsAt + first] * dims.E + e] = sum;
}
