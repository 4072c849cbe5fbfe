// Computes
//   One step of backpropagation through time, from the last step to the first:
//     dInput[t] = (dOutput[t] + dInput[t+1] · weight) ⊙ f',
//   where f' is 1 − output² for tanh and output > 0 for relu. The last step has
//   nothing after it.
//
// Bindings
//   transposed (H, H), a scratch tensor that holds weightᵀ, output (T, B, H),
//   dOutput (T, B, H), dInput (T, B, H): bound once, read at t+1 and written at t.
//
// Parallel
//   As in rnn.wgsl: a workgroup owns 4·ROWS rows by 4·COLUMNS columns of dInput[t],
//   in tiles of 4 × 4 (parts/matmul_tile.wgsl). With weightᵀ neighbouring lanes
//   read neighbouring numbers here too.
//
// Workgroup
//   32 × 4 × 2, as in rnn.wgsl.
//
// Reference
//   lib/backend/reference/rnn.ts, rnnBackward.

override SHARE_X: u32 = 4 * COLUMNS;
override SHARE_Y: u32 = 4 * ROWS;

struct Dims {
  t: u32,
  T: u32,
  B: u32,
  H: u32,
  relu: u32,
  transposedAt: u32,
  outputAt: u32,
  dOutputAt: u32,
  dInputAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> transposed: array<f32>;
@group(0) @binding(2) var<storage, read> output: array<f32>;
@group(0) @binding(3) var<storage, read> dOutput: array<f32>;
@group(0) @binding(4) var<storage, read_write> dInput: array<f32>;

alias Columns = vec4f;
alias Places = vec4u;
alias Sums = mat4x4f;

fn left(at: u32) -> f32 {
  return dInput[at];
}

fn right(at: Places) -> Columns {
  return Columns(transposed[at.x], transposed[at.y], transposed[at.z], transposed[at.w]);
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
  let after = dims.dInputAt + (dims.t + 1u) * dims.B * H;
  let rows = after + H * min(row + vec4u(0, 1, 2, 3), vec4u(dims.B - 1u));
  let columns = dims.transposedAt + H * min(column + vec4u(0, 1, 2, 3), vec4u(H - 1u));
  let terms = select(0u, H, dims.t + 1u < dims.T);
  sumTile(rows, columns, terms, local);
  let b = row + lane / 4u;
  let h = column + lane % 4u;
  if (lane >= 16u || b >= dims.B || h >= H) {
    return;
  }
  let product = sumOf(lane / 4u, local)[lane % 4u];
  let index = (dims.t * dims.B + b) * H + h;
  let d = dOutput[dims.dOutputAt + index] + product;
  let y = output[dims.outputAt + index];
  let slope = select(1.0 - y * y, select(0.0, 1.0, y > 0.0), dims.relu != 0u);
  dInput[dims.dInputAt + index] = d * slope;
}
