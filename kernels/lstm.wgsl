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
//   the unit's state needs. The LANES invocations of a tile share its sums as in
//   rnn.wgsl: lane l takes the products k = l, l + LANES, …; the lanes' sums then
//   meet in workgroup memory, always in the same order.
//
// Workgroup
//   32 × 4 × 2: a tile is one warp or wave, and the tiles' partial sums are the
//   16 KiB of workgroup memory that every device has.
//
// Reference
//   lib/backend/reference/lstm.ts, lstm.

override FIRST: bool = false;
override ROWS: u32 = 2;
override COLUMNS: u32 = 4;
const LANES = 32u;

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

var<workgroup> partials: array<vec4f, 4 * LANES * ROWS * COLUMNS>;

/// The cell of the step before, as the state.
fn previousCell(at: u32) -> f32 {
  if (FIRST) {
    return initialCell[at];
  }
  return cells[at];
}

/// The 4 × 4 products of the k-th numbers of four rows and of a unit's gates.
fn products(rows: vec4u, columns: vec4u, k: u32) -> mat4x4f {
  let a = vec4f(
    previousState(rows.x + k),
    previousState(rows.y + k),
    previousState(rows.z + k),
    previousState(rows.w + k),
  );
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
  let h = group.x * COLUMNS + local.y;
  let H = dims.H;

  // Rows and units outside are computed from the last one and never stored.
  let before = previousStateAt();
  let rows = before + H * min(row + vec4u(0, 1, 2, 3), vec4u(dims.B - 1u));
  let columns = dims.weightAt + H * (min(h, H - 1u) + H * vec4u(0, 1, 2, 3));
  var sum = mat4x4f();
  // The counter is the same in all lanes: loops that lanes leave one by one are
  // slow where a driver masks them.
  var first = 0u;
  for (; first + 4u * LANES <= H; first += 4u * LANES) {
    let k = first + lane;
    sum += products(rows, columns, k);
    sum += products(rows, columns, k + LANES);
    sum += products(rows, columns, k + 2u * LANES);
    sum += products(rows, columns, k + 3u * LANES);
  }
  for (; first + LANES <= H; first += LANES) {
    sum += products(rows, columns, first + lane);
  }
  if (first + lane < H) {
    sum += products(rows, columns, first + lane);
  }

  // partials[tile][row][lane] holds the gates; 16 lanes add up eight each, then four
  // of them take one row each.
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
  let b = row + lane;
  if (lane >= 4u || b >= dims.B || h >= H) {
    return;
  }
  let at = tile + lane * LANES;
  let product = (partials[at] + partials[at + 1u]) + (partials[at + 2u] + partials[at + 3u]);
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
