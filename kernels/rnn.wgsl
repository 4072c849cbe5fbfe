// Computes
//   One step of a vanilla recurrent layer,
//     output[t] = f(input[t] + output[t-1] · weightᵀ + bias),
//   with initialState for output[-1]: the pipeline of the first step has FIRST set.
//
// Bindings
//   input (T, B, H), weight (H, H), bias (H), initialState (B, H),
//   output (T, B, H): bound once, read at t-1 and written at t.
//
// Parallel
//   A workgroup owns 4·ROWS rows by 4·COLUMNS columns of output[t], in tiles of
//   4 × 4. The LANES invocations of a tile share its sums (parts/matmul_tile.wgsl);
//   then 16 of them take one output each.
//
// Workgroup
//   32 × 4 × 2: a tile is one warp or wave, and 128 outputs are about one workgroup
//   per core of a large GPU at H = 512 and B = 32.
//
// Reference
//   lib/backend/reference/rnn.ts, rnn.

override FIRST: bool = false;
override SHARE_X: u32 = 4 * COLUMNS;
override SHARE_Y: u32 = 4 * ROWS;

struct Dims {
  t: u32,
  B: u32,
  H: u32,
  relu: u32,
  inputAt: u32,
  weightAt: u32,
  biasAt: u32,
  initialStateAt: u32,
  outputAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> initialState: array<f32>;
@group(0) @binding(5) var<storage, read_write> output: array<f32>;

alias Columns = vec4f;
alias Places = vec4u;
alias Sums = mat4x4f;

fn left(at: u32) -> f32 {
  return previousState(at);
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
  let H = dims.H;

  // Rows and columns outside are computed from the last one and never stored.
  let before = previousStateAt();
  let rows = before + H * min(row + vec4u(0, 1, 2, 3), vec4u(dims.B - 1u));
  let columns = dims.weightAt + H * min(column + vec4u(0, 1, 2, 3), vec4u(H - 1u));
  sumTile(rows, columns, H, local);
  let b = row + lane / 4u;
  let h = column + lane % 4u;
  if (lane >= 16u || b >= dims.B || h >= H) {
    return;
  }
  let product = sumOf(lane / 4u, local)[lane % 4u];
  let index = (dims.t * dims.B + b) * H + h;
  let a = input[dims.inputAt + index] + bias[dims.biasAt + h] + product;
  if (dims.relu != 0u) {
    output[dims.outputAt + index] = select(a, 0.0, a < 0.0); // keeps NaN
  } else {
    output[dims.outputAt + index] = hyperbolicTangent(a);
  }
}
