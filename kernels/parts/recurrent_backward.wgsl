// Gives
//   stateGradient(t, b, h, sum): the gradient by an element of the state: dOutput[t] and
//   what the step after adds.
//   The bindings dOutput (T, B, H), dInput (T, B, GH).
//
// Asks
//   dims.B, dims.H and dims.dOutputAt, all u32.

@group(0) @binding(2) var<storage, read> dOutput: array<f32>;
@group(0) @binding(3) var<storage, read_write> dInput: array<f32>;

fn stateGradient(t: u32, b: u32, h: u32, sum: f32) -> f32 {
  return dOutput[dims.dOutputAt + (t * dims.B + b) * dims.H + h] + sum;
}
