// Computes
//   A model's last layer and its loss, where no logits are wanted. For each row r, with
//   w for targetWeights[r], 1 where hasWeights is zero, and W for the sum of them all:
//     z = input[r] · weightᵀ + bias
//     losses[r] = w (log Σ_v exp z[v] − z[target])
//   where hasGradient is not zero
//     dLogits[r] = w / W (softmax(z) − oneHot(target))
//   and where hasInputGradient is not zero, too,
//     dInput[r] = dLogits[r] · weight
//   The greatest logit is taken off first: every argument of exp is at most 0. A row
//   whose weight is zero has zeros, whatever its logits are.
//
// Bindings
//   input (rows, H), weight (V, H), bias (V), targets (rows) u32, targetWeights (rows),
//   read only where hasWeights is not zero, losses (rows), dLogits (rows, V), dInput
//   (rows, H); rows = T·B, and V is at most MOST_V.
//
// Parallel
//   A workgroup takes four rows and then every stride-th four after them. It computes
//   their logits, 4·COLUMNS at a time, as linear.wgsl does, and keeps them: all that
//   follows reads workgroup memory in place of logits that are written and read again.
//   For the softmax LANES invocations share a row; for dInput an invocation takes
//   columns, of all four rows at once, so that a weight is read once for four products.
//
// Workgroup
//   32 × 4: a tile of the logits is one warp or wave. 12.5 KiB of workgroup memory: the
//   lanes' partial sums, and four rows of MOST_V logits.
//
// Reference
//   lib/backend/reference/head.ts.

override COLUMNS: u32 = 4;
override GROUPS: u32 = COLUMNS;

/// A multiple of 4.
const MOST_V = 256u;
const ROWS = 1u; // of tiles
const SHARE_X = 4u * ROWS;

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
  targetWeightsAt: u32,
  lossesAt: u32,
  dLogitsAt: u32,
  dInputAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> targets: array<u32>;
@group(0) @binding(5) var<storage, read> targetWeights: array<f32>;
@group(0) @binding(6) var<storage, read_write> losses: array<f32>;
@group(0) @binding(7) var<storage, read_write> dLogits: array<f32>;
@group(0) @binding(8) var<storage, read_write> dInput: array<f32>;

/// [v][row]: the logits, and then their gradients.
var<workgroup> z: array<f32, 4 * MOST_V>;

fn left(at: u32) -> f32 {
  return input[at];
}

fn right(at: u32) -> f32 {
  return weight[at];
}

/// Fills z with the logits of four rows.
fn computeLogits(first: u32, local: vec3u) {
  let all = Product(dims.inputAt, dims.weightAt, dims.rows, dims.V, dims.H);
  let rows = rowPlaces(all, first);
  for (var v = 0u; v < dims.V; v += 4u * COLUMNS) {
    let column = v + 4u * local.y;
    // Columns outside are computed from the last one.
    let columns = all.rightAt + all.terms * min(column + COUNTED, Places(all.columns - 1u));
    sumTile(rows, columns, all.terms, local);
    let c = column + local.x % 4u;
    if (local.x < 16u && c < dims.V) {
      z[4u * c + local.x / 4u] =
        sumOf(local.x / 4u, local)[local.x % 4u] + bias[dims.biasAt + c];
    }
    workgroupBarrier(); // all have read the partial sums when the next ones come
  }
}

/// The loss of a row, the r-th in z, whose logits become their gradients.
fn differentiate(row: u32, r: u32, whole: f32, local: vec3u) {
  let inside = row < dims.rows;
  let token = targets[dims.targetsAt + min(row, dims.rows - 1u)];
  let w = targetWeight(min(row, dims.rows - 1u));

  // A lane without a logit repeats the first one, which changes no maximum.
  var greatest = z[r];
  for (var v = local.x; v < dims.V; v += LANES) {
    greatest = max(greatest, z[4u * v + r]);
  }
  greatest = reduced(local, greatest, false);

  var sum = 0f;
  for (var v = local.x; v < dims.V; v += LANES) {
    sum += exp(z[4u * v + r] - greatest);
  }
  sum = reduced(local, sum, true);

  if (inside && local.x == 0u) {
    let loss = w * (log(sum) - (z[4u * token + r] - greatest));
    losses[dims.lossesAt + row] = select(loss, 0.0, w == 0.0);
  }
  workgroupBarrier(); // the target's logit is read
  if (dims.hasGradient == 0u) {
    return;
  }
  for (var v = local.x; v < dims.V; v += LANES) {
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

/// dInput of four rows, from the gradients in z.
fn backpropagate(first: u32, index: u32) {
  for (var h = index; h < dims.H; h += LANES * COLUMNS) {
    var sum = vec4f();
    for (var v = 0u; v < dims.V; v++) {
      sum += gradientsOf(v) * weight[dims.weightAt + v * dims.H + h];
    }
    for (var r = 0u; r < min(4u, dims.rows - first); r++) {
      dInput[dims.dInputAt + (first + r) * dims.H + h] = sum[r];
    }
  }
}

@compute @workgroup_size(LANES, COLUMNS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let whole = sumOfWeights(local);
  for (var first = group.x * SHARE_X; first < dims.rows; first += groups.x * SHARE_X) {
    computeLogits(first, local);
    for (var r = 0u; r < 4u; r += COLUMNS) {
      differentiate(first + r + local.y, r + local.y, whole, local);
    }
    workgroupBarrier();
    if (dims.hasInputGradient != 0u) {
      backpropagate(first, index);
    }
    workgroupBarrier(); // all have read the gradients when the next logits come
  }
}
