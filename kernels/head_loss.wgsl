// Computes
//   loss = Σ_r losses[r] / W, where W is the sum of targetWeights, or the number of rows
//   where hasWeights is zero; 0 where W is.
//
// Bindings
//   losses (rows), which head.wgsl or head_softmax.wgsl fills, targetWeights (rows),
//   loss ().
//
// Parallel
//   One workgroup: invocation l adds up the rows l, l + SIZE, …, and the sums meet as a
//   tree (parts/workgroup_sum.wgsl).
//
// Workgroup
//   256: the most that every device has, as there is only one.
//
// Reference
//   lib/backend/reference/softmax_cross_entropy.ts.

override SIZE: u32 = 256; // a power of two

struct Dims {
  rows: u32,
  hasWeights: u32,
  lossesAt: u32,
  targetWeightsAt: u32,
  lossAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> losses: array<f32>;
@group(0) @binding(2) var<storage, read> targetWeights: array<f32>;
@group(0) @binding(3) var<storage, read_write> loss: array<f32>;

alias Sum = vec2f;

@compute @workgroup_size(SIZE)
fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = Sum();
  for (var row = lane; row < dims.rows; row += SIZE) {
    var w = 1f;
    if (dims.hasWeights != 0u) {
      w = targetWeights[dims.targetWeightsAt + row];
    }
    sum += vec2f(losses[dims.lossesAt + row], w);
  }
  let whole = workgroupSum(lane, sum);
  if (lane == 0u) {
    loss[dims.lossAt] = select(whole.x / whole.y, 0.0, whole.y == 0.0);
  }
}
