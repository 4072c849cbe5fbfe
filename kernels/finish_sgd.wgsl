// Computes
//   One update of gradient descent, p −= rate · g of every parameter p,
//   with g = clamp(min(1, clipNorm / norm) · gradients, ±clipValue) + weightDecay · p;
//   clipNorm = 0 clips nothing. With a norm that is not finite nothing changes, nor
//   does a parameter whose new value would not be finite.
//
// Bindings
//   parameters (P), gradients (P), partials (count, 3), a scratch tensor that
//   finish_partials.wgsl fills, norm ().
//
// Parallel
//   Every workgroup adds up the norm; then an invocation takes one parameter at a time
//   (parts/each_parameter.wgsl).
//
// Workgroup
//   As parts/each_parameter.wgsl has it.
//
// Reference
//   lib/backend/reference/gradient_descent.ts, finish.

struct Dims {
  P: u32,
  count: u32,
  clipNorm: f32,
  clipValue: f32,
  weightDecay: f32,
  rate: f32,
  parametersAt: u32,
  gradientsAt: u32,
  partialsAt: u32,
  normAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;

fn update(i: u32, p: f32, g: f32) {
  let next = p - dims.rate * g;
  if (isFinite(next)) {
    parameters[dims.parametersAt + i] = next;
  }
}
