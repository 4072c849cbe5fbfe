// Computes
//   weights[r] = targetWeights[r], and behind them weights[rows] = Σ_r targetWeights[r]:
//   the kernels that take weights find their sum with them.
//
// Bindings
//   targetWeights (rows), weights (rows + 1), a scratch tensor.
//
// Parallel
//   One workgroup: invocation l takes the rows l, l + SIZE, …, and the sums meet as a
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
  targetWeightsAt: u32,
  weightsAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> targetWeights: array<f32>;
@group(0) @binding(2) var<storage, read_write> weights: array<f32>;

alias Sum = f32;

@compute @workgroup_size(SIZE)
fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = 0f;
  for (var row = lane; row < dims.rows; row += SIZE) {
    let w = targetWeights[dims.targetWeightsAt + row];
    weights[dims.weightsAt + row] = w;
    sum += w;
  }
  let whole = workgroupSum(lane, sum);
  if (lane == 0u) {
    weights[dims.weightsAt + dims.rows] = whole;
  }
}
