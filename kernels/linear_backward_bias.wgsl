// Computes
//   dBias[o] = Σ_r dOutput[r, columns − O + o]: the sums of the last O columns, which
//   for a linear layer are all.
//
// Bindings
//   dOutput (rows, columns), dBias (O).
//
// Parallel
//   A workgroup takes COLUMNS elements of dBias. Its LANES invocations of a column
//   take the rows l, l + LANES, … and then add up their sums as a tree.
//
// Workgroup
//   8 × 32: eight neighbouring columns are the least that memory hands out at
//   once, 32 bytes, and there are few columns to share.
//
// Reference
//   lib/backend/reference/linear.ts, columnSums.

override COLUMNS: u32 = 8;
override SHARE_X: u32 = COLUMNS;
override LANES: u32 = 32; // a power of two

struct Dims {
  rows: u32,
  columns: u32,
  O: u32,
  dOutputAt: u32,
  dBiasAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> dOutput: array<f32>;
@group(0) @binding(2) var<storage, read_write> dBias: array<f32>;

var<workgroup> sums: array<f32, COLUMNS * LANES>;

@compute @workgroup_size(COLUMNS, LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let o = group.x * SHARE_X + local.x;
  let column = dims.dOutputAt + dims.columns - dims.O + min(o, dims.O - 1u);
  var sum = 0f;
  var row = local.y;
  for (; row + 3u * LANES < dims.rows; row += 4u * LANES) {
    sum += (dOutput[column + row * dims.columns] + dOutput[column + (row + LANES) * dims.columns]) +
      (dOutput[column + (row + 2u * LANES) * dims.columns] +
      dOutput[column + (row + 3u * LANES) * dims.columns]);
  }
  for (; row < dims.rows; row += LANES) {
    sum += dOutput[column + row * dims.columns];
  }
  sums[index] = sum;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (local.y < half) {
      sums[index] += sums[index + half * COLUMNS];
    }
    workgroupBarrier();
  }
  if (local.y == 0u && o < dims.O) {
    dBias[dims.dBiasAt + o] = sums[index];
  }
}
