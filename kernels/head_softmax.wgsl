// Computes
//   The loss of rows of logits: for each row r, with w for its weight and W for the
//   sum of them all, as parts/weights.wgsl has them,
//     losses[r] = w (log Σ_v exp z[v] − z[target])
//   and where hasGradient is not zero
//     dLogits[r] = w / W (softmax(z) − oneHot(target))
//   The greatest logit is taken off first: every argument of exp is at most 0. A row
//   whose weight is zero has zeros, whatever its logits are. The pipeline for logits
//   that nobody wants has IN_PLACE set: they lie in dLogits.
//
// Bindings
//   logits (rows, V), read only where IN_PLACE is not set, targets (rows) u32,
//   weights (rows + 1), read only where hasWeights is not zero, losses (rows),
//   dLogits (rows, V).
//
// Parallel
//   A workgroup takes GROUPS rows and then every stride-th GROUPS after them. The LANES
//   invocations of a row take the logits v = l, l + LANES, …; maximum and sum meet
//   in workgroup memory, always in the same order.
//
// Workgroup
//   16 × 4: few lanes are idle with a vocabulary of 28 characters, and enough are
//   at work with one of thousands of words.
//
// Reference
//   lib/backend/reference/softmax_cross_entropy.ts.

override IN_PLACE: bool = false;
override LANES: u32 = 16; // a power of two
override GROUPS: u32 = 4;
override SHARE_X: u32 = GROUPS;

struct Dims {
  rows: u32,
  V: u32,
  hasWeights: u32,
  hasGradient: u32,
  logitsAt: u32,
  targetsAt: u32,
  weightsAt: u32,
  lossesAt: u32,
  dLogitsAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read> targets: array<u32>;
@group(0) @binding(3) var<storage, read> weights: array<f32>;
@group(0) @binding(4) var<storage, read_write> losses: array<f32>;
@group(0) @binding(5) var<storage, read_write> dLogits: array<f32>;

/// IN_PLACE is a constant, so no branch is left.
fn logit(row: u32, v: u32) -> f32 {
  if (IN_PLACE) {
    return dLogits[dims.dLogitsAt + row * dims.V + v];
  }
  return logits[dims.logitsAt + row * dims.V + v];
}

@compute @workgroup_size(LANES, GROUPS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let whole = wholeWeight();
  for (var first = group.x * SHARE_X; first < dims.rows; first += groups.x * SHARE_X) {
    let inside = first + local.y < dims.rows;
    let row = min(first + local.y, dims.rows - 1u); // all take part in the barriers
    let token = targets[dims.targetsAt + row];
    let w = weightOf(row);

    // A lane without a logit repeats the first one, which changes no maximum.
    var greatest = logit(row, 0u);
    for (var v = local.x; v < dims.V; v += LANES) {
      greatest = max(greatest, logit(row, v));
    }
    greatest = reduced(local, greatest, false);

    var sum = 0f;
    for (var v = local.x; v < dims.V; v += LANES) {
      sum += exp(logit(row, v) - greatest);
    }
    sum = reduced(local, sum, true);

    if (inside && local.x == 0u) {
      let loss = w * (log(sum) - (logit(row, token) - greatest));
      losses[dims.lossesAt + row] = select(loss, 0.0, w == 0.0);
    }
    storageBarrier(); // the logits are read where their gradients take their place
    if (inside && dims.hasGradient != 0u) {
      for (var v = local.x; v < dims.V; v += LANES) {
        let probability = exp(logit(row, v) - greatest) / sum;
        let d = w * (probability - select(0.0, 1.0, v == token)) / whole;
        dLogits[dims.dLogitsAt + row * dims.V + v] = select(d, 0.0, w == 0.0);
      }
    }
  }
}
