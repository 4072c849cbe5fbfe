// Computes
//   loss = Σ_r losses[r] / W, where W is the sum of the weights (parts/weights.wgsl); 0
//   where W is.
//
// Bindings
//   losses (rows), which head.wgsl or head_softmax.wgsl fills, weights (rows + 1),
//   read only where hasWeights is not zero, loss ().
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
  weightsAt: u32,
  lossAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> losses: array<f32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read_write> loss: array<f32>;

alias Sum = f32;

@compute @workgroup_size(SIZE)
fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = 0f;
  for (var row = lane; row < dims.rows; row += SIZE) {
    sum += losses[dims.lossesAt + row];
  }
  let total = workgroupSum(lane, sum);
  if (lane == 0u) {
    let whole = wholeWeight();
    loss[dims.lossAt] = select(total / whole, 0.0, whole == 0.0);
  }
}
