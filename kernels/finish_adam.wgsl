// Computes
//   One update of Adam or AdamW, of every parameter p
//     m = beta1 · m + gain1 · g              v = beta2 · v + gain2 · g²
//     p −= decay · p                         p −= rate · m / (√v · root + epsilon)
//   with g = clamp(min(1, clipNorm / norm) · gradients, ±clipValue) + weightDecay · p;
//   clipNorm = 0 clips nothing. rate is learningRate / correction1, root 1 /
//   √correction2, and decay is of AdamW alone, which has no weightDecay here. gain1
//   and gain2 are 1 − beta1 and 1 − beta2, which float32 would round to few digits.
//   With a norm that is not finite nothing changes, nor does an element of which p,
//   m or v would not be finite.
//
// Bindings
//   parameters (P), gradients (P), partials (count, 3), a scratch tensor that
//   finish_partials.wgsl fills, norm (), firstMoment (P), secondMoment (P).
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
  decay: f32,
  beta1: f32,
  gain1: f32,
  beta2: f32,
  gain2: f32,
  root: f32,
  epsilon: f32,
  rate: f32,
  parametersAt: u32,
  gradientsAt: u32,
  partialsAt: u32,
  normAt: u32,
  firstMomentAt: u32,
  secondMomentAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(5) var<storage, read_write> firstMoment: array<f32>;
@group(0) @binding(6) var<storage, read_write> secondMoment: array<f32>;

fn update(i: u32, p: f32, g: f32) {
  let m = dims.beta1 * firstMoment[dims.firstMomentAt + i] + dims.gain1 * g;
  let v = dims.beta2 * secondMoment[dims.secondMomentAt + i] + dims.gain2 * (g * g);
  let next = p - dims.decay * p -
    dims.rate * m / (sqrt(v) * dims.root + dims.epsilon);
  if (isFinite(m) && isFinite(v) && isFinite(next)) {
    firstMoment[dims.firstMomentAt + i] = m;
    secondMoment[dims.secondMomentAt + i] = v;
    parameters[dims.parametersAt + i] = next;
  }
}
