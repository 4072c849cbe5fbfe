// Computes
//   output = input · weightᵀ + bias.
//
// Bindings
//   input (rows, I), weight (O, I), bias (O), read only where hasBias is not
//   zero, output (rows, O).
//
// Parallel
//   As in rnn.wgsl: a workgroup takes 4·ROWS rows by 4·COLUMNS columns of the output,
//   in tiles of 4 × 4. A vocabulary of characters is narrower than the tiles of the
//   usual product of matrices, which would leave most of a GPU idle.
//
// Workgroup
//   32 × 4 × 2, as in rnn.wgsl.
//
// Reference
//   lib/backend/reference/linear.ts, linear.

struct Dims {
  rows: u32,
  I: u32,
  O: u32,
  hasBias: u32,
  inputAt: u32,
  weightAt: u32,
  biasAt: u32,
  outputAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> output: array<f32>;

fn product() -> Product {
  return Product(dims.inputAt, dims.weightAt, dims.rows, dims.O, dims.I);
}

fn left(at: u32) -> f32 {
  return input[at];
}

fn right(at: u32) -> f32 {
  return weight[at];
}

fn finish(row: u32, o: u32, sum: f32) {
  var result = sum;
  if (dims.hasBias != 0u) {
    result += bias[dims.biasAt + o];
  }
  output[dims.outputAt + row * dims.O + o] = result;
}
