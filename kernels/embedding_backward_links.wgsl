// Computes
//   For each row r the next row with the same token, links[r], which is `rows`
//   where there is none; and links[rows + r], 1 where no row before r has that
//   token, else 0. embedding_backward.wgsl walks from each first row along these.
//
// Bindings
//   ids (rows) u32, links (2, rows) u32, a scratch tensor; rows = T·B.
//
// Parallel
//   An invocation takes one row: it looks at the ids after its own, then at those
//   before it, each until it finds its own. So the compares are `rows` an
//   invocation at the most, whatever the size of an embedding.
//
// Workgroup
//   64: there are few rows, and this spreads them over more cores.
//
// Reference
//   None: embeddingBackward in lib/backend/reference/embedding.ts takes row by row.

override SIZE: u32 = 64;

struct Dims {
  rows: u32,
  idsAt: u32,
  linksAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> ids: array<u32>;
@group(0) @binding(2) var<storage, read_write> links: array<u32>;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x;
  if (row >= dims.rows) {
    return;
  }
  let token = ids[dims.idsAt + row];
  var next = row + 1u;
  while (next < dims.rows && ids[dims.idsAt + next] != token) {
    next++;
  }
  var before = row; // one more than the row that is looked at
  while (before > 0u && ids[dims.idsAt + before - 1u] != token) {
    before--;
  }
  links[dims.linksAt + row] = next;
  links[dims.linksAt + dims.rows + row] = select(0u, 1u, before == 0u);
}
