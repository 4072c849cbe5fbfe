// Gives
//   previousStateAt(): the element at which the state of the step before begins,
//   (B, H); previousState(at): the number at an element of it.
//
// Asks
//   override FIRST, set in the pipeline of the first step; initialState and output,
//   both array<f32>; dims.t, dims.B, dims.H, dims.initialStateAt and dims.outputAt,
//   all u32.

fn previousStateAt() -> u32 {
  return select(dims.outputAt + (dims.t - 1u) * dims.B * dims.H, dims.initialStateAt, FIRST);
}

/// FIRST is a constant, so no branch is left.
fn previousState(at: u32) -> f32 {
  if (FIRST) {
    return initialState[at];
  }
  return output[at];
}
