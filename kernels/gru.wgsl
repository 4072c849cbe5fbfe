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
//   the unit's state needs. The LANES invocations of a tile share its sums as in
//   rnn.wgsl: lane l takes the products k = l, l + LANES, …; the lanes' sums then
//   meet in workgroup memory, always in the same order.
//
// Workgroup
//   32 × 4 × 2: a tile is one warp or wave, and the tiles' partial sums are the
//   16 KiB of workgroup memory that every device has.
//
// Reference
//   lib/backend/reference/gru.ts, gru.

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

var<workgroup> partials: array<vec3f, 4 * LANES * ROWS * COLUMNS>;

/// The 4 × 3 products of the k-th numbers of four rows and of a unit's gates.
fn products(rows: vec4u, columns: vec3u, k: u32) -> mat4x3f {
  let a = vec4f(
    previousState(rows.x + k),
    previousState(rows.y + k),
    previousState(rows.z + k),
    previousState(rows.w + k),
  );
  let b = vec3f(
    weight[columns.x + k],
    weight[columns.y + k],
    weight[columns.z + k],
  );
  return mat4x3f(a.x * b, a.y * b, a.z * b, a.w * b);
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
  let columns = dims.weightAt + H * (min(h, H - 1u) + H * vec3u(0, 1, 2));
  var sum = mat4x3f();
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
