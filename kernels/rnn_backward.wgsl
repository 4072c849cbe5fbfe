// Computes
//   One step of backpropagation through time, from the last step to the first:
//     dInput[t] = (dOutput[t] + dInput[t+1] · weight) ⊙ f',
//   where f' is 1 − output² for tanh and output > 0 for relu. The last step has
//   nothing after it.
//
// Bindings
//   transposed (H, H), a scratch tensor that holds weightᵀ, output (T, B, H),
//   dOutput (T, B, H), dInput (T, B, H): bound once, read at t+1 and written at t.
//
// Parallel
//   As in rnn.wgsl: a workgroup takes 4·ROWS rows by 4·COLUMNS columns of dInput[t],
//   in tiles of 4 × 4.
//
// Workgroup
//   32 × 4 × 2, as in rnn.wgsl.
//
// Reference
//   lib/backend/reference/rnn.ts, rnnBackward.

struct Dims {
  t: u32,
  T: u32,
  B: u32,
  H: u32,
  relu: u32,
  transposedAt: u32,
  dOutputAt: u32,
  dInputAt: u32,
  outputAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(4) var<storage, read> output: array<f32>;

const GATES = 1u;

fn sumsAt() -> u32 {
  return dims.dInputAt;
}

fn left(at: u32) -> f32 {
  return dInput[at];
}

fn finish(b: u32, h: u32, sum: f32) {
  let index = (dims.t * dims.B + b) * dims.H + h;
  let y = output[dims.outputAt + index];
  let slope = select(1.0 - y * y, select(0.0, 1.0, y > 0.0), dims.relu != 0u);
  dInput[dims.dInputAt + index] = stateGradient(b, h, sum) * slope;
}
