// Computes
//   Backpropagation through time, from the last step to the first, one step or several in
//   a dispatch:
//     dInput[t] = (dOutput[t] + dInput[t+1] · weight) ⊙ f',
//   where f' is 1 − output² for tanh and output > 0 for relu. The last step has
//   nothing after it.
//
// Bindings
//   weight (H, H), for one step weightᵀ in a scratch tensor, output (T, B, H),
//   dOutput (T, B, H), dInput (T, B, H): bound once, read at t+1 and written at t.
//
// Parallel
//   One step (parts/step_backward.wgsl): as in rnn.wgsl, a workgroup takes 4·ROWS rows by
//   4·COLUMNS columns of dInput[t], in tiles of 4 × 4.
//   A sequence (parts/sequence_backward.wgsl): a workgroup takes ROWS rows of the batch
//   through the steps, all columns at once. As many invocations as there are for four
//   columns, but no more than LANES, share their sums; then one takes them.
//
// Workgroup
//   One step, 32 × 4 × 2, a sequence, 8 × 32, as in rnn.wgsl.
//
// Reference
//   lib/backend/reference/rnn.ts, rnnBackward.

struct Dims {
  t: u32,
  T: u32,
  B: u32,
  H: u32,
  relu: u32,
  weightAt: u32,
  dOutputAt: u32,
  dInputAt: u32,
  outputAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(4) var<storage, read> output: array<f32>;

fn sumsAt() -> u32 {
  return dims.dInputAt;
}

fn left(at: u32) -> f32 {
  return dInput[at];
}

fn backpropagate(t: u32, b: u32, h: u32, dh: f32) -> Gates {
  let index = (t * dims.B + b) * dims.H + h;
  let y = output[dims.outputAt + index];
  let slope = select(1.0 - y * y, select(0.0, 1.0, y > 0.0), dims.relu != 0u);
  dInput[dims.dInputAt + index] = dh * slope;
  return dh * slope;
}
