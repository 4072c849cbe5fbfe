// Gives
//   globalNorm(lane): the norm of all gradients, of the sums that finish_partials.wgsl
//   leaves of great, middling and small gradients, each a sum of scaled squares:
//     a = 2⁸⁰ √great     b = √middling     c = 2⁻⁹⁸ √small
//     norm = a √(1 + (b / a)²)     or, where a is zero,     b √(1 + (c / b)²)
//   Beside a, c is less than rounding takes away. Each invocation of a workgroup calls
//   it, with its local_invocation_index, and every workgroup adds up the same sums in
//   the same order, so that no dispatch is needed between them and what takes the norm.
//
// Asks
//   dims.count, the number of rows of partials, and dims.partialsAt, both u32; the
//   binding partials (count, 3); alias Sum = vec3f; workgroup_sum.wgsl.

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

fn globalNorm(lane: u32) -> f32 {
  var sum = vec3f();
  for (var i = lane; i < dims.count; i += SIZE) {
    let at = dims.partialsAt + 3u * i;
    sum += vec3f(partials[at], partials[at + 1u], partials[at + 2u]);
  }
  return rootOf(workgroupSum(lane, sum));
}
