// Computes
//   output = input · weightᵀ + bias.
//
// Bindings
//   input (rows, I), weight (O, I), bias (O), read only where hasBias is not
//   zero, output (rows, O).
//
// Parallel
//   As in rnn.wgsl: a workgroup owns 4·ROWS rows by 4·COLUMNS columns of the
//   output, in tiles of 4 × 4 (parts/matmul_tile.wgsl). A vocabulary of characters
//   is narrower than the tiles of the usual product of matrices, which would leave
//   most of a GPU idle.
//
// Workgroup
//   32 × 4 × 2, as in rnn.wgsl.
//
// Reference
//   lib/backend/reference/linear.ts, linear.

override SHARE_X: u32 = 4 * COLUMNS;
override SHARE_Y: u32 = 4 * ROWS;

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

alias Columns = vec4f;
alias Places = vec4u;
alias Sums = mat4x4f;

fn left(at: u32) -> f32 {
  return input[at];
}

fn right(at: Places) -> Columns {
  return Columns(weight[at.x], weight[at.y], weight[at.z], weight[at.w]);
}

@compute @workgroup_size(LANES, COLUMNS, ROWS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let lane = local.x;
  let row = group.y * SHARE_Y + 4u * local.z;
  let column = group.x * SHARE_X + 4u * local.y;
  let I = dims.I;

  // Rows and columns outside are computed from the last one and never stored.
  let rows = dims.inputAt + I * min(row + vec4u(0, 1, 2, 3), vec4u(dims.rows - 1u));
  let columns = dims.weightAt + I * min(column + vec4u(0, 1, 2, 3), vec4u(dims.O - 1u));
  sumTile(rows, columns, I, local);
  let r = row + lane / 4u;
  let o = column + lane % 4u;
  if (lane >= 16u || r >= dims.rows || o >= dims.O) {
    return;
  }
  var result = sumOf(lane / 4u, local)[lane % 4u];
  if (dims.hasBias != 0u) {
    result += bias[dims.biasAt + o];
  }
  output[dims.outputAt + r * dims.O + o] = result;
}
