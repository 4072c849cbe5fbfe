// Computes
//   A layer of gated recurrent units, one step or several in a dispatch, the sums of its
//   gates and the new state at once:
//     r = σ(x_r + h · W_rᵀ + b_r)            z = σ(x_z + h · W_zᵀ + b_z)
//     m = h · W_nᵀ + hiddenBias              n = tanh(x_n + b_n + r ⊙ m)
//     output[t] = (1 − z) ⊙ n + z ⊙ h
//   where x is input[t] and h is output[t-1], or initialState at the first step.
//   gates[t] is r, z, n, m.
//
// Bindings
//   input (T, B, 3H), weight (3H, H), bias (3H), hiddenBias (H),
//   initialState (B, H), output (T, B, H): bound once, read at t-1 and written at
//   t, gates (T, B, 4H).
//
// Parallel
//   One step: a workgroup takes 4·ROWS rows by COLUMNS units of output[t], in tiles of
//   four rows by the three gates of one unit. The LANES invocations of a tile share its
//   sums; then four of them take one row each (parts/matmul_units.wgsl).
//   A sequence: as in rnn.wgsl, one gate after the other.
//
// Workgroup
//   One step, 32 × 4 × 2, a sequence, 8 × 32, as in rnn.wgsl.
//
// Reference
//   lib/backend/reference/gru.ts, gru.

struct Dims {
  t: u32,
  T: u32,
  B: u32,
  H: u32,
  hiddenBiasAt: u32,
  inputAt: u32,
  weightAt: u32,
  biasAt: u32,
  initialStateAt: u32,
  outputAt: u32,
  gatesAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(6) var<storage, read> hiddenBias: array<f32>;
@group(0) @binding(7) var<storage, read_write> gates: array<f32>;

const GATES = 3u;
alias Gates = vec3f;
alias FourUnits = mat4x3f;

/// Of a unit the three columns of the product with the weight (matmul_tile.wgsl).
alias Columns = vec3f;
alias Places = vec3u;
alias Sums = mat4x3f;
const COUNTED = Places(0, 1, 2);

fn rightOf(at: Places) -> Columns {
  return Columns(right(at.x), right(at.y), right(at.z));
}

fn advance(t: u32, b: u32, h: u32, sums: Gates) -> f32 {
  let H = dims.H;
  let index = t * dims.B + b;
  let x = dims.inputAt + 3u * index * H + h;
  let biases = dims.biasAt + h;
  let r = logistic(input[x] + bias[biases] + sums.x);
  let z = logistic(input[x + H] + bias[biases + H] + sums.y);
  let m = sums.z + hiddenBias[dims.hiddenBiasAt + h];
  let n = hyperbolicTangent(input[x + 2u * H] + bias[biases + 2u * H] + r * m);
  let saved = dims.gatesAt + 4u * index * H + h;
  gates[saved] = r;
  gates[saved + H] = z;
  gates[saved + 2u * H] = n;
  gates[saved + 3u * H] = m;
  return (1.0 - z) * n + z * previousState(t, b, h);
}
