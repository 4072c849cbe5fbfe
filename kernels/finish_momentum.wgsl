// Computes
//   One update of gradient descent with momentum, of every parameter p
//     m = beta1 · m + g                      p −= rate · m
//   with g = clamp(min(1, clipNorm / norm) · gradients, ±clipValue) + weightDecay · p;
//   clipNorm = 0 clips nothing. With a norm that is not finite nothing changes, nor
//   does an element of which p or m would not be finite.
//
// Bindings
//   parameters (P), gradients (P), partials (count, 3), a scratch tensor that
//   finish_partials.wgsl fills, norm (), firstMoment (P).
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
  beta1: f32,
  rate: f32,
  parametersAt: u32,
  gradientsAt: u32,
  partialsAt: u32,
  normAt: u32,
  firstMomentAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(5) var<storage, read_write> firstMoment: array<f32>;

fn update(i: u32, p: f32, g: f32) {
  let m = dims.beta1 * firstMoment[dims.firstMomentAt + i] + g;
  let next = p - dims.rate * m;
  if (isFinite(m) && isFinite(next)) {
    firstMoment[dims.firstMomentAt + i] = m;
    parameters[dims.parametersAt + i] = next;
  }
}
