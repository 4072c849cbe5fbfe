// Gives
//   targetWeight(row): how much the target of a row counts;
//   sumOfWeights(local): the sum of all. Each invocation of the workgroup calls it, with
//   its local_invocation_id.
//
// Asks
//   dims.rows, dims.hasWeights and dims.targetWeightsAt, all u32; the binding
//   targetWeights; row_reduction.wgsl.

fn targetWeight(row: u32) -> f32 {
  if (dims.hasWeights == 0u) {
    return 1.0;
  }
  return targetWeights[dims.targetWeightsAt + row];
}

/// Each row of the workgroup adds up all of them.
fn sumOfWeights(local: vec3u) -> f32 {
  if (dims.hasWeights == 0u) {
    return f32(dims.rows);
  }
  var sum = 0f;
  for (var row = local.x; row < dims.rows; row += LANES) {
    sum += targetWeights[dims.targetWeightsAt + row];
  }
  return reduced(local, sum, true);
}
