// Gives
//   one step in a dispatch: product(), right(at): dSums[t+1] · weight, what the step after
//   adds to the gradient by the state: nothing after the last step. finish(b, h, sum): the cell's
//   step with this sum.
//   The binding weight (H, GH), a scratch tensor that holds weightᵀ: with it neighbouring
//   lanes read neighbouring numbers here too.
//
// Asks
//   backpropagate(t: u32, b: u32, h: u32, dh: f32) -> Gates, a cell's step, which gives the
//   gradients by its sums; sumsAt() -> u32, where these begin, dSums (T, B, GH), and
//   left(at: u32) -> f32, its number at a place; Gates, a number of each gate, and GATES,
//   how many there are; dims.t, dims.T, dims.B, dims.H and dims.weightAt, all u32;
//   recurrent_backward.wgsl, matmul_tile.wgsl.

@group(0) @binding(1) var<storage, read> weight: array<f32>;

fn product() -> Product {
  let width = GATES * dims.H;
  let after = sumsAt() + (dims.t + 1u) * dims.B * width;
  let terms = select(0u, width, dims.t + 1u < dims.T);
  return Product(after, dims.weightAt, dims.B, dims.H, terms);
}

fn right(at: u32) -> f32 {
  return weight[at];
}

fn finish(b: u32, h: u32, sum: f32) {
  backpropagate(dims.t, b, h, stateGradient(dims.t, b, h, sum));
}
