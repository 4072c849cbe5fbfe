// Gives
//   one step in a dispatch: product(), left(at), right(at): h · weightᵀ, with h the state
//   of the step before, (B, H): output[t-1], or initialState in the pipeline of the first
//   step, which has FIRST set. finish(b, h, sums): the cell's step with these sums.
//   The binding weight (GH, H).
//
// Asks
//   advance(t: u32, b: u32, h: u32, sums: Gates) -> f32, a cell's step, which gives the
//   unit's new state; Gates, a number of each gate, which is of one type with what the
//   product gives for a unit; dims.t, dims.B, dims.H, dims.weightAt, dims.initialStateAt
//   and dims.outputAt, all u32; recurrent_forward.wgsl, matmul_tile.wgsl.

override FIRST: bool = false;

@group(0) @binding(2) var<storage, read> weight: array<f32>;

fn product() -> Product {
  let after = dims.outputAt + (dims.t - 1u) * dims.B * dims.H;
  let state = select(after, dims.initialStateAt, FIRST);
  return Product(state, dims.weightAt, dims.B, dims.H, dims.H);
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

fn finish(b: u32, h: u32, sums: Gates) {
  output[dims.outputAt + (dims.t * dims.B + b) * dims.H + h] = advance(dims.t, b, h, sums);
}
