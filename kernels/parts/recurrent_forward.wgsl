// Gives
//   the bindings input (T, B, GH), bias (GH), initialState (B, H), output (T, B, H):
//   bound once, read at t-1 and written at t. previousState(t, b, h): an element of the
//   state before step t, output[t-1], or initialState at the first step.
//
// Asks
//   dims.B, dims.H, dims.initialStateAt and dims.outputAt, all u32.

@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> initialState: array<f32>;
@group(0) @binding(5) var<storage, read_write> output: array<f32>;

fn previousState(t: u32, b: u32, h: u32) -> f32 {
  if (t == 0u) {
    return initialState[dims.initialStateAt + b * dims.H + h];
  }
  return output[dims.outputAt + ((t - 1u) * dims.B + b) * dims.H + h];
}
