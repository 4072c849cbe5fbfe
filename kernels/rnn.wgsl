// Computes
//   A vanilla recurrent layer, one step or several in a dispatch:
//     output[t] = f(input[t] + output[t-1] · weightᵀ + bias),
//   with initialState for output[-1].
//
// Bindings
//   input (T, B, H), weight (H, H), bias (H), initialState (B, H),
//   output (T, B, H): bound once, read at t-1 and written at t.
//
// Parallel
//   One step (parts/step_forward.wgsl): a workgroup takes 4·ROWS rows by 4·COLUMNS
//   columns of output[t], in tiles of 4 × 4. The LANES invocations of a tile share its
//   sums; then 16 of them take one output each (parts/matmul_elements.wgsl).
//   A sequence (parts/sequence_forward.wgsl): a workgroup takes ROWS rows of the batch
//   through the steps, 4·QUADS columns at a time. LANES invocations share the sums of
//   four columns; then ROWS·QUADS of all take four outputs each.
//
// Workgroup
//   One step, 32 × 4 × 2: a tile is one warp or wave, and 128 outputs are about one
//   workgroup per core of a large GPU at H = 512 and B = 32.
//   A sequence, 8 × 32: the most that every device has, since its few workgroups are to
//   keep many loads in flight; fewer where H is small or the sums of ROWS = 4 rows need
//   the memory.
//
// Reference
//   lib/backend/reference/rnn.ts, rnn.

struct Dims {
  t: u32,
  T: u32,
  B: u32,
  H: u32,
  relu: u32,
  inputAt: u32,
  weightAt: u32,
  biasAt: u32,
  initialStateAt: u32,
  outputAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;

fn advance(t: u32, b: u32, h: u32, sum: Gates) -> f32 {
  let index = (t * dims.B + b) * dims.H + h;
  let a = input[dims.inputAt + index] + bias[dims.biasAt + h] + sum;
  if (dims.relu != 0u) {
    return select(a, 0.0, a < 0.0); // keeps NaN
  }
  return hyperbolicTangent(a);
}
