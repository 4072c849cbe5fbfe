// Computes
//   One step of a layer of gated recurrent units, the sums of its gates and the new
//   state at once:
//     r = σ(x_r + h · W_rᵀ + b_r)            z = σ(x_z + h · W_zᵀ + b_z)
//     m = h · W_nᵀ + hiddenBias              n = tanh(x_n + b_n + r ⊙ m)
//     output[t] = (1 − z) ⊙ n + z ⊙ h
//   where x is input[t] and h is output[t-1], or initialState at the first step:
//   the pipeline of that one has FIRST set. gates[t] is r, z, n, m.
//
// Bindings
//   input (T, B, 3H), weight (3H, H), bias (3H), hiddenBias (H),
//   initialState (B, H), output (T, B, H): bound once, read at t-1 and written at
//   t, gates (T, B, 4H).
//
// Parallel
//   A workgroup owns 4·ROWS rows by COLUMNS units of output[t], in tiles of four
//   rows by the three gates of one unit, so that what it has summed up is all that
//   the unit's state needs. The LANES invocations of a tile share its sums
//   (parts/matmul_tile.wgsl); then four of them take one row each.
//
// Workgroup
//   32 × 4 × 2, as in rnn.wgsl.
//
// Reference
//   lib/backend/reference/gru.ts, gru.

override FIRST: bool = false;
override SHARE_X: u32 = COLUMNS;
override SHARE_Y: u32 = 4 * ROWS;

struct Dims {
  t: u32,
  B: u32,
  H: u32,
  inputAt: u32,
  weightAt: u32,
  biasAt: u32,
  hiddenBiasAt: u32,
  initialStateAt: u32,
  outputAt: u32,
  gatesAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> hiddenBias: array<f32>;
@group(0) @binding(5) var<storage, read> initialState: array<f32>;
@group(0) @binding(6) var<storage, read_write> output: array<f32>;
@group(0) @binding(7) var<storage, read_write> gates: array<f32>;

alias Columns = vec3f;
alias Places = vec3u;
alias Sums = mat4x3f;

fn left(at: u32) -> f32 {
  return previousState(at);
}

fn right(at: Places) -> Columns {
  return Columns(weight[at.x], weight[at.y], weight[at.z]);
}

@compute @workgroup_size(LANES, COLUMNS, ROWS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let lane = local.x;
  let row = group.y * SHARE_Y + 4u * local.z;
  let h = group.x * SHARE_X + local.y;
  let H = dims.H;

  // Rows and units outside are computed from the last one and never stored.
  let before = previousStateAt();
  let rows = before + H * min(row + vec4u(0, 1, 2, 3), vec4u(dims.B - 1u));
  let columns = dims.weightAt + H * (min(h, H - 1u) + H * vec3u(0, 1, 2));
  sumTile(rows, columns, H, local);
  let b = row + lane;
  if (lane >= 4u || b >= dims.B || h >= H) {
    return;
  }
  let product = sumOf(lane, local);
  let index = dims.t * dims.B + b;
  let x = dims.inputAt + 3u * index * H + h;
  let biases = dims.biasAt + h;
  let r = logistic(input[x] + bias[biases] + product.x);
  let z = logistic(input[x + H] + bias[biases + H] + product.y);
  let m = product.z + hiddenBias[dims.hiddenBiasAt + h];
  let n = hyperbolicTangent(input[x + 2u * H] + bias[biases + 2u * H] + r * m);
  let state = previousState(before + b * H + h);
  output[dims.outputAt + index * H + h] = (1.0 - z) * n + z * state;
  let saved = dims.gatesAt + 4u * index * H + h;
  gates[saved] = r;
  gates[saved + H] = z;
  gates[saved + 2u * H] = n;
  gates[saved + 3u * H] = m;
}
