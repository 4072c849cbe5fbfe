// Gives
//   weightOf(row): how much the target of a row counts, and wholeWeight(): the sum of
//   all; where hasWeights is zero each counts 1.
//
// Asks
//   dims.rows, dims.hasWeights and dims.weightsAt, all u32; the binding weights
//   (rows + 1), which head_weights.wgsl fills.

fn weightOf(row: u32) -> f32 {
  return select(1.0, weights[dims.weightsAt + row], dims.hasWeights != 0u);
}

fn wholeWeight() -> f32 {
  return select(f32(dims.rows), weights[dims.weightsAt + dims.rows], dims.hasWeights != 0u);
}
