// Gives
//   product(), left(at), right(at): h · weightᵀ, with h the state of the step before,
//   (B, H): output[t-1], or initialState in the pipeline of the first step, which has
//   FIRST set. previousState(b, h): an element of it.
//   The bindings input (T, B, GH), weight (GH, H), bias (GH), initialState (B, H),
//   output (T, B, H): bound once, read at t-1 and written at t.
//
// Asks
//   dims.t, dims.B, dims.H, dims.weightAt, dims.initialStateAt and dims.outputAt, all
//   u32; matmul_tile.wgsl.

override FIRST: bool = false;

@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> initialState: array<f32>;
@group(0) @binding(5) var<storage, read_write> output: array<f32>;

fn previousStateAt() -> u32 {
  return select(dims.outputAt + (dims.t - 1u) * dims.B * dims.H, dims.initialStateAt, FIRST);
}

fn product() -> Product {
  return Product(previousStateAt(), dims.weightAt, dims.B, dims.H, dims.H);
}

/// FIRST is a constant, so no branch is left.
fn left(at: u32) -> f32 {
  if (FIRST) {
    return initialState[at];
  }
  return output[at];
}

fn right(at: u32) -> f32 {
  return weight[at];
}

fn previousState(b: u32, h: u32) -> f32 {
  return left(previousStateAt() + b * dims.H + h);
}
