// Gives
//   product(), right(at): dSums[t+1] · weight, what the step after adds to the gradient
//   by the state: nothing after the last step. With weightᵀ neighbouring lanes read
//   neighbouring numbers here too.
//   stateGradient(b, h, sum): the gradient by an element of the state, dOutput[t] + sum.
//   The bindings transposed (H, GH), a scratch tensor that holds weightᵀ,
//   dOutput (T, B, H), dInput (T, B, GH).
//
// Asks
//   const GATES, the G of GH; sumsAt() -> u32, where dSums (T, B, GH) begins, and
//   left(at: u32) -> f32, its number at a place; dims.t, dims.T, dims.B, dims.H,
//   dims.transposedAt and dims.dOutputAt, all u32; matmul_tile.wgsl.

@group(0) @binding(1) var<storage, read> transposed: array<f32>;
@group(0) @binding(2) var<storage, read> dOutput: array<f32>;
@group(0) @binding(3) var<storage, read_write> dInput: array<f32>;

fn product() -> Product {
  let width = GATES * dims.H;
  let after = sumsAt() + (dims.t + 1u) * dims.B * width;
  let terms = select(0u, width, dims.t + 1u < dims.T);
  return Product(after, dims.transposedAt, dims.B, dims.H, terms);
}

fn right(at: u32) -> f32 {
  return transposed[at];
}

fn stateGradient(b: u32, h: u32, sum: f32) -> f32 {
  return dOutput[dims.dOutputAt + (dims.t * dims.B + b) * dims.H + h] + sum;
}
