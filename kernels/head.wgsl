// Computes
//   A model's last layer and its loss, where no logits are wanted. For each row r, with
//   w for its weight and W for the sum of them all, as parts/weights.wgsl has them:
//     z = input[r] · weightᵀ + bias
//     losses[r] = w (log Σ_v exp z[v] − z[target])
//   where hasGradient is not zero
//     dLogits[r] = w / W (softmax(z) − oneHot(target))
//   and where hasInputGradient is not zero, too,
//     dInput[r] = dLogits[r] · weight
//   The greatest logit is taken off first: every argument of exp is at most 0. A row
//   whose weight is zero has zeros, whatever its logits are. The pipeline for a V of 32
//   at the most has NARROW set.
//
// Bindings
//   input (rows, H), weight (V, H), bias (V), targets (rows) u32, weights (rows + 1),
//   read only where hasWeights is not zero, losses (rows), dLogits (rows, V), dInput
//   (rows, H); rows = T·B, and V is at most MOST_V.
//
// Parallel
//   A workgroup takes ROWS rows. It computes their logits, 32 columns at a time, each sum shared by TERMS invocations, and keeps
//   them: all that follows reads workgroup memory in place of logits that are written
//   and read again.
//   For the softmax SHARES invocations go through the logits of a row, and LANES through
//   their gradients; for dInput an invocation takes four
//   columns of all four rows.
//
// Workgroup
//   128: four rows by 32 lanes. 12.25 KiB of workgroup memory: partial sums of 32
//   columns, and four rows of MOST_V logits.
//
// Reference
//   lib/backend/reference/head.ts.

override NARROW: bool = false;

const MOST_V = 256u;
/// Rows of a workgroup.
const ROWS = 4u;
const SHARE_X = ROWS;
const LANES = 32u; // of a row
const SIZE = ROWS * LANES;
/// Invocations that share the sums of four columns of logits, and such fours at a time.
const TERMS = 16u;
const FOURS = 8u;
/// TERMS and one more, so that the same term of all fours lies in different banks.
const PADDED = 17u;
const COUNTED = vec4u(0, 1, 2, 3);

struct Dims {
  rows: u32,
  H: u32,
  V: u32,
  hasWeights: u32,
  hasGradient: u32,
  hasInputGradient: u32,
  inputAt: u32,
  weightAt: u32,
  biasAt: u32,
  targetsAt: u32,
  weightsAt: u32,
  lossesAt: u32,
  dLogitsAt: u32,
  dInputAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> targets: array<u32>;
@group(0) @binding(5) var<storage, read> weights: array<f32>;
@group(0) @binding(6) var<storage, read_write> losses: array<f32>;
@group(0) @binding(7) var<storage, read_write> dLogits: array<f32>;
@group(0) @binding(8) var<storage, read_write> dInput: array<f32>;

/// Invocations that go through a row's logits: a few numbers each, and few parts.
const SHARES = 8u;

/// [row][four][term][column]: what is to be added up to logits.
var<workgroup> partials: array<f32, 4 * ROWS * FOURS * PADDED>;

/// [greatest, sum][row][share].
var<workgroup> parts: array<f32, 2 * SHARES * ROWS>;

/// [v][row]: the logits, and then their gradients.
var<workgroup> z: array<f32, ROWS * MOST_V>;

/// Where the four rows from `first` on begin in the input; those outside are the last.
fn rowPlaces(first: u32) -> vec4u {
  return dims.inputAt + dims.H * min(first + COUNTED, vec4u(dims.rows - 1u));
}

fn weightsAt(at: vec4u) -> vec4f {
  return vec4f(weight[at.x], weight[at.y], weight[at.z], weight[at.w]);
}

/// The products of the k-th numbers of four rows and of four columns.
fn products(rows: vec4u, columns: vec4u, k: u32) -> mat4x4f {
  let a = vec4f(input[rows.x + k], input[rows.y + k], input[rows.z + k], input[rows.w + k]);
  let b = weightsAt(columns + k);
  return mat4x4f(a.x * b, a.y * b, a.z * b, a.w * b);
}

/// Of the products of four rows and columns the k = term, term + TERMS, ….
fn sumOf(rows: vec4u, columns: vec4u, term: u32) -> mat4x4f {
  var sum = mat4x4f();
  // The counter is the same in all invocations, as in parts/matmul_tile.wgsl.
  var k = 0u;
  for (; k + 4u * TERMS <= dims.H; k += 4u * TERMS) {
    sum += products(rows, columns, k + term);
    sum += products(rows, columns, k + term + TERMS);
    sum += products(rows, columns, k + term + 2u * TERMS);
    sum += products(rows, columns, k + term + 3u * TERMS);
  }
  for (; k < dims.H; k += TERMS) {
    if (k + term < dims.H) {
      sum += products(rows, columns, k + term);
    }
  }
  return sum;
}

/// Where the partial sums of a row and of four columns begin.
fn partialsAt(r: u32, four: u32) -> u32 {
  return 4u * PADDED * (FOURS * r + four);
}

fn setPartials(at: u32, sums: vec4f) {
  partials[at] = sums.x;
  partials[at + 1u] = sums.y;
  partials[at + 2u] = sums.z;
  partials[at + 3u] = sums.w;
}

fn fourPartials(at: u32) -> f32 {
  return (partials[at] + partials[at + 4u]) + (partials[at + 8u] + partials[at + 12u]);
}

/// The sum of a column's partial sums, which begin at `at`.
fn columnSum(at: u32) -> f32 {
  return (fourPartials(at) + fourPartials(at + 16u)) +
    (fourPartials(at + 32u) + fourPartials(at + 48u));
}

/// Fills z with 32 columns of the logits of four rows, from column v on.
fn computeColumns(v: u32, rows: vec4u, index: u32) {
  let term = index % TERMS;
  let four = index / TERMS;
  // Columns outside are computed from the last one.
  let columns = min(v + 4u * four + COUNTED, vec4u(dims.V - 1u));
  let sum = sumOf(rows, dims.weightAt + dims.H * columns, term);
  setPartials(partialsAt(0u, four) + 4u * term, sum[0]);
  setPartials(partialsAt(1u, four) + 4u * term, sum[1]);
  setPartials(partialsAt(2u, four) + 4u * term, sum[2]);
  setPartials(partialsAt(3u, four) + 4u * term, sum[3]);
  workgroupBarrier();
  let r = index / LANES;
  let column = index % LANES;
  if (v + column < dims.V) {
    z[ROWS * (v + column) + r] = bias[dims.biasAt + v + column] +
      columnSum(partialsAt(r, column / 4u) + column % 4u);
  }
  workgroupBarrier(); // all have read the partial sums when the next ones come
}

/// Fills z with the logits of four rows. Barriers in a loop are slow on some devices, so
/// NARROW, a constant, goes without.
fn computeLogits(first: u32, index: u32) {
  let rows = rowPlaces(first);
  if (NARROW) {
    computeColumns(0u, rows, index);
    return;
  }
  for (var v = 0u; v < dims.V; v += 4u * FOURS) {
    computeColumns(v, rows, index);
  }
}

/// The parts of a row's first one or second one: its greatest logit, or its sum.
fn partsAt(second: u32, r: u32) -> u32 {
  return SHARES * (second * ROWS + r);
}

/// The greatest logit of a row, the r-th in z.
fn greatestOf(r: u32, lane: u32, end: u32) -> f32 {
  let at = partsAt(0u, r);
  var part = z[r]; // which changes no maximum
  for (var v = lane; v < end; v += SHARES) {
    part = max(part, z[4u * v + r]);
  }
  if (lane < SHARES) {
    parts[at + lane] = part;
  }
  workgroupBarrier();
  return max(
    max(max(parts[at], parts[at + 1u]), max(parts[at + 2u], parts[at + 3u])),
    max(max(parts[at + 4u], parts[at + 5u]), max(parts[at + 6u], parts[at + 7u])),
  );
}

/// The sum of the exponentials of a row's logits, less the greatest.
fn sumOfExponentials(r: u32, greatest: f32, lane: u32, end: u32) -> f32 {
  let at = partsAt(1u, r);
  var part = 0f;
  for (var v = lane; v < end; v += SHARES) {
    part += exp(z[4u * v + r] - greatest);
  }
  if (lane < SHARES) {
    parts[at + lane] = part;
  }
  workgroupBarrier();
  return ((parts[at] + parts[at + 1u]) + (parts[at + 2u] + parts[at + 3u])) +
    ((parts[at + 4u] + parts[at + 5u]) + (parts[at + 6u] + parts[at + 7u]));
}

/// The loss of a row, the r-th in z, whose logits become their gradients.
fn differentiate(row: u32, r: u32, lane: u32, whole: f32) {
  let inside = row < dims.rows;
  let token = targets[dims.targetsAt + min(row, dims.rows - 1u)];
  let w = weightOf(min(row, dims.rows - 1u));
  let ofToken = z[4u * token + r]; // before its gradient takes its place

  // The others have no logits to go through.
  let ownEnd = select(0u, dims.V, lane < SHARES);
  let greatest = greatestOf(r, lane, ownEnd);
  let sum = sumOfExponentials(r, greatest, lane, ownEnd);
  if (inside && lane == 0u) {
    let loss = w * (log(sum) - (ofToken - greatest));
    losses[dims.lossesAt + row] = select(loss, 0.0, w == 0.0);
  }
  let end = select(0u, dims.V, dims.hasGradient != 0u);
  for (var v = lane; v < end; v += LANES) {
    let probability = exp(z[4u * v + r] - greatest) / sum;
    let d = w * (probability - select(0.0, 1.0, v == token)) / whole;
    let gradient = select(d, 0.0, w == 0.0);
    z[4u * v + r] = gradient;
    if (inside) {
      dLogits[dims.dLogitsAt + row * dims.V + v] = gradient;
    }
  }
}

fn gradientsOf(v: u32) -> vec4f {
  return vec4f(z[4u * v], z[4u * v + 1u], z[4u * v + 2u], z[4u * v + 3u]);
}

/// Stores those of four numbers of a row of dInput that are not outside.
fn storeFour(row: u32, h: u32, four: vec4f) {
  if (row >= dims.rows) {
    return;
  }
  let at = dims.dInputAt + row * dims.H + h;
  dInput[at] = four.x;
  if (h + 1u < dims.H) {
    dInput[at + 1u] = four.y;
  }
  if (h + 2u < dims.H) {
    dInput[at + 2u] = four.z;
  }
  if (h + 3u < dims.H) {
    dInput[at + 3u] = four.w;
  }
}

/// The first `end` columns of dInput of four rows, from the gradients in z.
fn backpropagate(first: u32, index: u32, end: u32) {
  for (var h = 4u * index; h < end; h += 4u * SIZE) {
    // Columns outside are computed from the last one.
    let columns = dims.weightAt + min(h + COUNTED, vec4u(dims.H - 1u));
    var sum = mat4x4f();
    for (var v = 0u; v < dims.V; v++) {
      let d = gradientsOf(v);
      let w = weightsAt(columns + v * dims.H);
      sum += mat4x4f(d.x * w, d.y * w, d.z * w, d.w * w);
    }
    storeFour(first, h, sum[0]);
    storeFour(first + 1u, h, sum[1]);
    storeFour(first + 2u, h, sum[2]);
    storeFour(first + 3u, h, sum[3]);
  }
}

@compute @workgroup_size(SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let first = group.x * SHARE_X;
  let r = index / LANES;
  computeLogits(first, index);
  differentiate(first + r, r, index % LANES, wholeWeight());
  workgroupBarrier();
  backpropagate(first, index, select(0u, dims.H, dims.hasInputGradient != 0u));
}
