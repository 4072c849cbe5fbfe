// Computes
//   One update of RMSProp, of every parameter p
//     v = beta2 · v + gain2 · g²             p −= rate · g / (√v + epsilon)
//   with g = clamp(min(1, clipNorm / norm) · gradients, ±clipValue) + weightDecay · p;
//   clipNorm = 0 clips nothing. gain2 is 1 − beta2, which float32 would round to
//   few digits. With a norm that is not finite nothing changes, nor does an element
//   of which p or v would not be finite.
//
// Bindings
//   parameters (P), gradients (P), partials (count, 3), a scratch tensor that
//   finish_partials.wgsl fills, norm (), secondMoment (P).
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
  beta2: f32,
  gain2: f32,
  epsilon: f32,
  rate: f32,
  parametersAt: u32,
  gradientsAt: u32,
  partialsAt: u32,
  normAt: u32,
  secondMomentAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(5) var<storage, read_write> secondMoment: array<f32>;

fn update(i: u32, p: f32, g: f32) {
  let v = dims.beta2 * secondMoment[dims.secondMomentAt + i] + dims.gain2 * (g * g);
  let next = p - dims.rate * g / (sqrt(v) + dims.epsilon);
  if (isFinite(v) && isFinite(next)) {
    secondMoment[dims.secondMomentAt + i] = v;
    parameters[dims.parametersAt + i] = next;
  }
}
