// Computes
//   For each row, losses[r] = log Σ_v exp(z[v]) − z[target] in nats, and where
//   hasGradient is not zero dLogits[r] = (softmax(z) − oneHot(target)) / rows. The
//   greatest logit is taken off first: every argument of exp is at most 0.
//
// Bindings
//   logits (rows, V), targets (rows) u32, losses (rows), a scratch tensor that
//   softmax_cross_entropy_mean.wgsl takes the mean of, dLogits (rows, V).
//
// Parallel
//   A workgroup takes ROWS rows and then every stride-th ROWS after them. The LANES
//   invocations of a row take the logits v = l, l + LANES, …; maximum and sum meet
//   in workgroup memory, always in the same order.
//
// Workgroup
//   16 × 4: few lanes are idle with a vocabulary of 28 characters, and enough are
//   at work with one of thousands of words.
//
// Reference
//   lib/backend/reference/softmax_cross_entropy.ts.

override LANES: u32 = 16; // a power of two
override ROWS: u32 = 4;
override SHARE_X: u32 = ROWS;

struct Dims {
  rows: u32,
  V: u32,
  hasGradient: u32,
  logitsAt: u32,
  targetsAt: u32,
  lossesAt: u32,
  dLogitsAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read> targets: array<u32>;
@group(0) @binding(3) var<storage, read_write> losses: array<f32>;
@group(0) @binding(4) var<storage, read_write> dLogits: array<f32>;

var<workgroup> lanes: array<f32, LANES * ROWS>;

/// The sum of the values of a row's lanes, or the greatest of them.
fn reduced(local: vec3u, value: f32, isSum: bool) -> f32 {
  let index = local.y * LANES + local.x;
  lanes[index] = value;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (local.x < half) {
      let a = lanes[index];
      let b = lanes[index + half];
      lanes[index] = select(max(a, b), a + b, isSum);
    }
    workgroupBarrier();
  }
  let result = lanes[local.y * LANES];
  workgroupBarrier();
  return result;
}

@compute @workgroup_size(LANES, ROWS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  for (var first = group.x * SHARE_X; first < dims.rows; first += groups.x * SHARE_X) {
    let inside = first + local.y < dims.rows;
    let row = min(first + local.y, dims.rows - 1u); // all take part in the barriers
    let z = dims.logitsAt + row * dims.V;
    let token = targets[dims.targetsAt + row];

    // A lane without a logit repeats the first one, which changes no maximum.
    var greatest = logits[z];
    for (var v = local.x; v < dims.V; v += LANES) {
      greatest = max(greatest, logits[z + v]);
    }
    greatest = reduced(local, greatest, false);

    var sum = 0f;
    for (var v = local.x; v < dims.V; v += LANES) {
      sum += exp(logits[z + v] - greatest);
    }
    sum = reduced(local, sum, true);

    if (inside && local.x == 0u) {
      losses[dims.lossesAt + row] = log(sum) - (logits[z + token] - greatest);
    }
    if (inside && dims.hasGradient != 0u) {
      for (var v = local.x; v < dims.V; v += LANES) {
        let probability = exp(logits[z + v] - greatest) / sum;
        dLogits[dims.dLogitsAt + row * dims.V + v] =
          (probability - select(0.0, 1.0, v == token)) / f32(dims.rows);
      }
    }
  }
}
