// Computes
//   One step of a layer of long short-term memory, the sums of its gates and the
//   new state at once: with a = input[t] + h · weightᵀ + bias in four parts,
//     i = σ(a_i)   f = σ(a_f)   g = tanh(a_g)   o = σ(a_o)
//     cells[t] = f ⊙ c + i ⊙ g               output[t] = o ⊙ tanh(cells[t])
//   where h and c are output[t-1] and cells[t-1], or initialState and initialCell
//   at the first step: the pipeline of that one has FIRST set. gates[t] is
//   i, f, g, o.
//
// Bindings
//   input (T, B, 4H), weight (4H, H), bias (4H), initialState (B, H),
//   initialCell (B, H), output (T, B, H) and cells (T, B, H): bound once, read at
//   t-1 and written at t, gates (T, B, 4H).
//
// Parallel
//   A workgroup owns 4·ROWS rows by COLUMNS units of output[t], in tiles of four
//   rows by the four gates of one unit, so that what it has summed up is all that
//   the unit's state needs. The LANES invocations of a tile share its sums
//   (parts/matmul_tile.wgsl); then four of them take one row each.
//
// Workgroup
//   32 × 4 × 2, as in rnn.wgsl.
//
// Reference
//   lib/backend/reference/lstm.ts, lstm.

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
  initialStateAt: u32,
  initialCellAt: u32,
  outputAt: u32,
  cellsAt: u32,
  gatesAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> initialState: array<f32>;
@group(0) @binding(5) var<storage, read> initialCell: array<f32>;
@group(0) @binding(6) var<storage, read_write> output: array<f32>;
@group(0) @binding(7) var<storage, read_write> cells: array<f32>;
@group(0) @binding(8) var<storage, read_write> gates: array<f32>;

/// The cell of the step before, as the state.
fn previousCell(at: u32) -> f32 {
  if (FIRST) {
    return initialCell[at];
  }
  return cells[at];
}

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
  let h = group.x * SHARE_X + local.y;
  let H = dims.H;

  // Rows and units outside are computed from the last one and never stored.
  let before = previousStateAt();
  let rows = before + H * min(row + vec4u(0, 1, 2, 3), vec4u(dims.B - 1u));
  let columns = dims.weightAt + H * (min(h, H - 1u) + H * vec4u(0, 1, 2, 3));
  sumTile(rows, columns, H, local);
  let b = row + lane;
  if (lane >= 4u || b >= dims.B || h >= H) {
    return;
  }
  let product = sumOf(lane, local);
  let index = dims.t * dims.B + b;
  let x = dims.inputAt + 4u * index * H + h;
  let biases = dims.biasAt + h;
  let i = logistic(input[x] + bias[biases] + product.x);
  let f = logistic(input[x + H] + bias[biases + H] + product.y);
  let g = hyperbolicTangent(input[x + 2u * H] + bias[biases + 2u * H] + product.z);
  let o = logistic(input[x + 3u * H] + bias[biases + 3u * H] + product.w);
  let cellBefore = select(
    dims.cellsAt + (dims.t - 1u) * dims.B * H,
    dims.initialCellAt,
    FIRST,
  );
  let c = f * previousCell(cellBefore + b * H + h) + i * g;
  cells[dims.cellsAt + index * H + h] = c;
  output[dims.outputAt + index * H + h] = o * hyperbolicTangent(c);
  let saved = dims.gatesAt + 4u * index * H + h;
  gates[saved] = i;
  gates[saved + H] = f;
  gates[saved + 2u * H] = g;
  gates[saved + 3u * H] = o;
}
