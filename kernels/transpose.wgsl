// Computes
//   transposed[c, r] = weight[r, c], so that a product by the matrix itself can
//   read rows too.
//
// Bindings
//   weight (rows, columns), transposed (columns, rows), a scratch tensor.
//
// Parallel
//   A workgroup takes a tile of SIDE × SIDE, an invocation one element of it: it
//   reads and writes in such an order that neighbours touch neighbours on both
//   sides.
//
// Workgroup
//   16 × 16; a row of the tile is one longer than it need be, so that a column
//   of it lies in different banks of the memory.
//
// Reference
//   None: rnnBackward in lib/backend/reference/rnn.ts reads columns.

override SIDE: u32 = 16;
override SHARE_X: u32 = SIDE;
override SHARE_Y: u32 = SIDE;

struct Dims {
  rows: u32,
  columns: u32,
  weightAt: u32,
  transposedAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read_write> transposed: array<f32>;

var<workgroup> tile: array<f32, SIDE * (SIDE + 1)>;

@compute @workgroup_size(SIDE, SIDE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let row = group.y * SHARE_Y + local.y;
  let column = group.x * SHARE_X + local.x;
  if (row < dims.rows && column < dims.columns) {
    tile[local.y * (SIDE + 1) + local.x] = weight[dims.weightAt + row * dims.columns + column];
  }
  workgroupBarrier();
  let c = group.x * SHARE_X + local.y;
  let r = group.y * SHARE_Y + local.x;
  if (r < dims.rows && c < dims.columns) {
    transposed[dims.transposedAt + c * dims.rows + r] = tile[local.x * (SIDE + 1) + local.y];
  }
}
