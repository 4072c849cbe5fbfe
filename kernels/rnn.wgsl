// Computes
//   One step of a vanilla recurrent layer,
//     output[t] = f(input[t] + output[t-1] · weightᵀ + bias),
//   with initialState for output[-1]: the pipeline of the first step has FIRST set.
//
// Bindings
//   input (T, B, H), weight (H, H), bias (H), initialState (B, H),
//   output (T, B, H): bound once, read at t-1 and written at t.
//
// Parallel
//   A workgroup takes 4·ROWS rows by 4·COLUMNS columns of output[t], in tiles of
//   4 × 4. The LANES invocations of a tile share its sums; then 16 of them take one
//   output each (parts/matmul_elements.wgsl).
//
// Workgroup
//   32 × 4 × 2: a tile is one warp or wave, and 128 outputs are about one workgroup
//   per core of a large GPU at H = 512 and B = 32.
//
// Reference
//   lib/backend/reference/rnn.ts, rnn.

struct Dims {
  t: u32,
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

fn finish(b: u32, h: u32, sum: f32) {
  let index = (dims.t * dims.B + b) * dims.H + h;
  let a = input[dims.inputAt + index] + bias[dims.biasAt + h] + sum;
  if (dims.relu != 0u) {
    output[dims.outputAt + index] = select(a, 0.0, a < 0.0); // keeps NaN
  } else {
    output[dims.outputAt + index] = hyperbolicTangent(a);
  }
}
