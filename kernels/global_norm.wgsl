// Computes
//   norm = √ Σ gradients², from the sums that global_norm_partials.wgsl leaves of
//   great, middling and small gradients, each a sum of scaled squares:
//     a = 2⁸⁰ √great     b = √middling     c = 2⁻⁹⁸ √small
//     norm = a √(1 + (b / a)²)     or, where a is zero,     b √(1 + (c / b)²)
//   Beside a, c is less than rounding takes away.
//
// Bindings
//   partials (count, 3), a scratch tensor that global_norm_partials.wgsl fills,
//   norm ().
//
// Parallel
//   One workgroup: invocation l adds up the rows l, l + SIZE, …, and the sums meet as a
//   tree (parts/workgroup_sum.wgsl).
//
// Workgroup
//   256: the most that every device has, as there is only one.
//
// Reference
//   lib/backend/reference/gradient_descent.ts, globalNorm.

override SIZE: u32 = 256; // a power of two

struct Dims {
  count: u32,
  partialsAt: u32,
  normAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> partials: array<f32>;
@group(0) @binding(2) var<storage, read_write> norm: array<f32>;

alias Sum = vec3f;

/// Whether a sum of squares is above zero or NaN, which no comparison would tell.
fn isThere(sum: f32) -> bool {
  return bitcast<u32>(sum) != 0u;
}

/// √(x² + y²) of an x above zero, and a y that is not far above it.
fn hypotenuse(x: f32, y: f32) -> f32 {
  let ratio = y / x;
  return x * sqrt(1.0 + ratio * ratio);
}

fn rootOf(squares: vec3f) -> f32 {
  if (isThere(squares[0])) {
    let great = 0x1p80f * sqrt(squares[0]);
    return hypotenuse(great, sqrt(squares[1]));
  }
  let small = 0x1p-98f * sqrt(squares[2]);
  if (isThere(squares[1])) {
    return hypotenuse(sqrt(squares[1]), small);
  }
  return small;
}

@compute @workgroup_size(SIZE)
fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = vec3f();
  for (var i = lane; i < dims.count; i += SIZE) {
    let at = dims.partialsAt + 3u * i;
    sum += vec3f(partials[at], partials[at + 1u], partials[at + 2u]);
  }
  let squares = workgroupSum(lane, sum);
  if (lane == 0u) {
    norm[dims.normAt] = rootOf(squares);
  }
}
