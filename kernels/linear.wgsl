// Computes
//   output = input · weightᵀ + bias.
//
// Bindings
//   input (rows, I), weight (O, I), bias (O), read only where hasBias is not
//   zero, output (rows, O).
//
// Parallel
//   As in rnn.wgsl: a workgroup owns 4·ROWS rows by 4·COLUMNS columns of the
//   output, in tiles of 4 × 4, and the LANES invocations of a tile share its sums.
//   A vocabulary of characters is narrower than the tiles of the usual product of
//   matrices, which would leave most of a GPU idle.
//
// Workgroup
//   32 × 4 × 2, for the reasons given in rnn.wgsl.
//
// Reference
//   lib/backend/reference/linear.ts, linear.

override ROWS: u32 = 2;
override COLUMNS: u32 = 4;
const LANES = 32u;

struct Dims {
  rows: u32,
  I: u32,
  O: u32,
  hasBias: u32,
  inputAt: u32,
  weightAt: u32,
  biasAt: u32,
  outputAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> output: array<f32>;

var<workgroup> partials: array<vec4f, 4 * LANES * ROWS * COLUMNS>;

/// The 4 × 4 products of the k-th numbers of four rows and four columns.
fn products(rows: vec4u, columns: vec4u, k: u32) -> mat4x4f {
  let a = vec4f(input[rows.x + k], input[rows.y + k], input[rows.z + k], input[rows.w + k]);
  let b = vec4f(
    weight[columns.x + k],
    weight[columns.y + k],
    weight[columns.z + k],
    weight[columns.w + k],
  );
  return mat4x4f(a.x * b, a.y * b, a.z * b, a.w * b);
}

@compute @workgroup_size(LANES, COLUMNS, ROWS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let lane = local.x;
  let row = 4u * (group.y * ROWS + local.z);
  let column = 4u * (group.x * COLUMNS + local.y);
  let I = dims.I;

  // Rows and columns outside are computed from the last one and never stored.
  let rows = dims.inputAt + I * min(row + vec4u(0, 1, 2, 3), vec4u(dims.rows - 1u));
  let columns = dims.weightAt + I * min(column + vec4u(0, 1, 2, 3), vec4u(dims.O - 1u));
  var sum = mat4x4f();
  // The counter is the same in all lanes: loops that lanes leave one by one are
  // slow where a driver masks them.
  var first = 0u;
  for (; first + 4u * LANES <= I; first += 4u * LANES) {
    let k = first + lane;
    sum += products(rows, columns, k);
    sum += products(rows, columns, k + LANES);
    sum += products(rows, columns, k + 2u * LANES);
    sum += products(rows, columns, k + 3u * LANES);
  }
  for (; first + LANES <= I; first += LANES) {
    sum += products(rows, columns, first + lane);
  }
  if (first + lane < I) {
    sum += products(rows, columns, first + lane);
  }

  // partials[tile][row][lane] holds the four columns; 16 lanes add up eight each,
  // then each of them takes one output.
  let tile = 4u * LANES * (local.z * COLUMNS + local.y);
  partials[tile + lane] = sum[0];
  partials[tile + LANES + lane] = sum[1];
  partials[tile + 2u * LANES + lane] = sum[2];
  partials[tile + 3u * LANES + lane] = sum[3];
  workgroupBarrier();
  if (lane < 16u) {
    let at = tile + lane / 4u * LANES + lane % 4u;
    partials[at] = ((partials[at] + partials[at + 4u]) +
      (partials[at + 8u] + partials[at + 12u])) +
      ((partials[at + 16u] + partials[at + 20u]) +
      (partials[at + 24u] + partials[at + 28u]));
  }
  workgroupBarrier();
  let r = row + lane / 4u;
  let o = column + lane % 4u;
  if (lane >= 16u || r >= dims.rows || o >= dims.O) {
    return;
  }
  let at = tile + lane / 4u * LANES;
  let product = (partials[at] + partials[at + 1u]) + (partials[at + 2u] + partials[at + 3u]);
  var result = product[lane % 4u];
  if (dims.hasBias != 0u) {
    result += bias[dims.biasAt + o];
  }
  output[dims.outputAt + r * dims.O + o] = result;
}
