// Computes
//   A layer of long short-term memory, one step or several in a dispatch, the sums of its
//   gates and the new state at once: with a = input[t] + h · weightᵀ + bias in four parts,
//     i = σ(a_i)   f = σ(a_f)   g = tanh(a_g)   o = σ(a_o)
//     cells[t] = f ⊙ c + i ⊙ g               output[t] = o ⊙ tanh(cells[t])
//   where h and c are output[t-1] and cells[t-1], or initialState and initialCell
//   at the first step. gates[t] is i, f, g, o.
//
// Bindings
//   input (T, B, 4H), weight (4H, H), bias (4H), initialState (B, H),
//   initialCell (B, H), output (T, B, H) and cells (T, B, H): bound once, read at
//   t-1 and written at t, gates (T, B, 4H).
//
// Parallel
//   One step: a workgroup takes 4·ROWS rows by COLUMNS units of output[t], in tiles of
//   four rows by the four gates of one unit. The LANES invocations of a tile share its
//   sums; then four of them take one row each (parts/matmul_units.wgsl).
//   A sequence: as in rnn.wgsl, one gate after the other.
//
// Workgroup
//   One step, 32 × 4 × 2, a sequence, 8 × 32, as in rnn.wgsl.
//
// Reference
//   lib/backend/reference/lstm.ts, lstm.

struct Dims {
  t: u32,
  T: u32,
  B: u32,
  H: u32,
  initialCellAt: u32,
  inputAt: u32,
  weightAt: u32,
  biasAt: u32,
  initialStateAt: u32,
  outputAt: u32,
  cellsAt: u32,
  gatesAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(6) var<storage, read> initialCell: array<f32>;
@group(0) @binding(7) var<storage, read_write> cells: array<f32>;
@group(0) @binding(8) var<storage, read_write> gates: array<f32>;

const GATES = 4u;
alias Gates = vec4f;
alias FourUnits = mat4x4f;

/// The cell of the step before, as previousState.
fn previousCell(t: u32, b: u32, h: u32) -> f32 {
  if (t == 0u) {
    return initialCell[dims.initialCellAt + b * dims.H + h];
  }
  return cells[dims.cellsAt + ((t - 1u) * dims.B + b) * dims.H + h];
}

fn advance(t: u32, b: u32, h: u32, sums: Gates) -> f32 {
  let H = dims.H;
  let index = t * dims.B + b;
  let x = dims.inputAt + 4u * index * H + h;
  let biases = dims.biasAt + h;
  let i = logistic(input[x] + bias[biases] + sums.x);
  let f = logistic(input[x + H] + bias[biases + H] + sums.y);
  let g = hyperbolicTangent(input[x + 2u * H] + bias[biases + 2u * H] + sums.z);
  let o = logistic(input[x + 3u * H] + bias[biases + 3u * H] + sums.w);
  let c = f * previousCell(t, b, h) + i * g;
  cells[dims.cellsAt + index * H + h] = c;
  let saved = dims.gatesAt + 4u * index * H + h;
  gates[saved] = i;
  gates[saved + H] = f;
  gates[saved + 2u * H] = g;
  gates[saved + 3u * H] = o;
  return o * hyperbolicTangent(c);
}
