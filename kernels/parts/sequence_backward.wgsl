// Gives
//   main(): up to STEPS steps in a dispatch, from dims.t down. A workgroup takes ROWS rows
//   of the batch through them, as they are independent of the other rows. The gradients by
//   the sums of the step after lie in workgroup memory, so a step waits for no other
//   workgroup. fours(place, k) and SUMS, which matmul_rows.wgsl asks for.
//   The binding weight (GH, H), in fours.
//
// Asks
//   backpropagate(t: u32, b: u32, h: u32, dh: f32) -> Gates, a cell's step, which gives the
//   gradients by its sums; sumsAt() -> u32, where these begin, dSums (T, B, GH), and
//   left(at: u32) -> f32, its number at a place; one_gate.wgsl, or gates.wgsl and
//   what it asks for; dims.t, dims.T, dims.B, dims.H and dims.weightAt, all u32;
//   recurrent_backward.wgsl, matmul_rows.wgsl. dims.H is a multiple of 4, and dims.weightAt
//   too; ROWS · dims.H is CAPACITY at the most.

/// All of memory: sums take the place of what has been summed up.
const SUMS = CAPACITY;

@group(0) @binding(1) var<storage, read> weight: array<vec4f>;

/// `place` is the first of the weight's columns.
fn fours(place: u32, k: u32) -> mat4x4f {
  let columns = dims.H / 4u;
  let at = place + 4u * k * columns;
  return mat4x4f(
    weight[at],
    weight[at + columns],
    weight[at + 2u * columns],
    weight[at + 3u * columns],
  );
}

/// The gradients by the sums of step `t`, of the workgroup's rows, [row][gate][quad].
fn loadSums(t: u32, first: u32, invocation: u32) {
  let width = GATES * dims.H / 4u;
  for (var at = invocation; at < ROWS * width; at += LANES * QUADS) {
    let b = min(first + at / width, dims.B - 1u);
    let place = sumsAt() + 4u * ((t * dims.B + b) * width + at % width);
    memory[at] = vec4f(left(place), left(place + 1u), left(place + 2u), left(place + 3u));
  }
}

/// The gradients by the sums of four units of a row.
fn backpropagateFour(t: u32, b: u32, h: u32, sums: vec4f) -> FourUnits {
  return FourUnits(
    backpropagate(t, b, h, stateGradient(t, b, h, sums.x)),
    backpropagate(t, b, h + 1u, stateGradient(t, b, h + 1u, sums.y)),
    backpropagate(t, b, h + 2u, stateGradient(t, b, h + 2u, sums.z)),
    backpropagate(t, b, h + 3u, stateGradient(t, b, h + 3u, sums.w)),
  );
}

@compute @workgroup_size(LANES, QUADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) invocation: u32,
) {
  let quads = dims.H / 4u;
  let slices = min(LANES * QUADS / quads, LANES);
  let slice = invocation / quads; // those beyond `slices` have nothing to sum up
  let row = invocation / quads;
  let quad = invocation % quads;
  let b = group.x * SHARE_X + row;
  let steps = min(STEPS, dims.t + 1u);
  if (dims.t + 1u < dims.T) {
    loadSums(dims.t + 1u, group.x * SHARE_X, invocation);
  }
  workgroupBarrier();
  for (var step = 0u; step < steps; step++) {
    let t = dims.t - step;
    var partial = mat4x4f();
    if (t + 1u < dims.T && slice < slices) {
      partial = sumSlice(0u, GATES * quads, slice, slices, dims.weightAt / 4u + quad);
    }
    workgroupBarrier();
    // What has been read makes room for the sums, [row][slice][quad].
    if (slice < slices) {
      memory[invocation] = partial[0];
      if (ROWS > 1u) {
        memory[slices * quads + invocation] = partial[1];
      }
      if (ROWS > 2u) {
        memory[2u * slices * quads + invocation] = partial[2];
        memory[3u * slices * quads + invocation] = partial[3];
      }
    }
    workgroupBarrier();
    var sums = vec4f();
    if (row < ROWS) {
      for (var other = 0u; other < slices; other++) {
        sums += memory[(row * slices + other) * quads + quad];
      }
    }
    workgroupBarrier();
    if (row < ROWS && b < dims.B) {
      let units = backpropagateFour(t, b, 4u * quad, sums);
      for (var gate = 0u; gate < GATES; gate++) {
        memory[(row * GATES + gate) * quads + quad] = gateOf(units, gate);
      }
    }
    workgroupBarrier();
  }
}
