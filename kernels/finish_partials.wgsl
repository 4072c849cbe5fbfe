// Computes
//   partials[g] = Σ gradients² over the share of workgroup g, in three sums: of great,
//   of middling and of small numbers; parts/global_norm.wgsl puts them together. float32
//   has no room for the squares of the great and of the small: these are scaled by
//   a power of two, which rounds nothing, before they are squared.
//     great     2⁴⁸ ≤ |g|             (2⁻⁸⁰ g)²
//     middling  2⁻⁵⁰ ≤ |g| < 2⁴⁸      g²
//     small     |g| < 2⁻⁵⁰            (2⁹⁸ g)²
//   So a square is below 2⁹⁶, and no sum of up to 2³¹ of them overflows. What is not
//   finite is added to the great as it is. Numbers are told apart and scaled by their
//   bits, since a compiler may assume that none is NaN, and may join factors.
//   Source: Blue 1978, "A portable Fortran program to find the Euclidean norm".
//
// Bindings
//   gradients (P), partials (workgroups, 3), a scratch tensor.
//
// Parallel
//   Invocation i of all takes the elements i, i + the number of them all, …; the sums of
//   a workgroup meet as a tree (parts/workgroup_sum.wgsl).
//
// Workgroup
//   256: the memory is the limit, and this fills every device.
//
// Reference
//   lib/backend/reference/gradient_descent.ts, globalNorm.

override SIZE: u32 = 256; // a power of two
override SHARE_X: u32 = SIZE;

struct Dims {
  P: u32,
  gradientsAt: u32,
  partialsAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> gradients: array<f32>;
@group(0) @binding(2) var<storage, read_write> partials: array<f32>;

alias Sum = vec3f;

/// The square of a gradient, scaled, in the place of the sum that it belongs to.
fn squareOf(g: f32) -> vec3f {
  let bits = bitcast<u32>(g) & 0x7fffffffu; // of |g|
  if (bits >= 0x7f800000u) { // infinite, or NaN
    return vec3f(abs(g), 0.0, 0.0);
  }
  if (bits >= 0x57800000u) { // 2⁴⁸
    let scaled = bitcast<f32>(bits - (80u << 23u));
    return vec3f(scaled * scaled, 0.0, 0.0);
  }
  if (bits >= 0x26800000u) { // 2⁻⁵⁰
    return vec3f(0.0, g * g, 0.0);
  }
  if (bits < 0x00800000u) { // zero, or denormal, which many devices take for it
    return vec3f();
  }
  let scaled = bitcast<f32>(bits + (98u << 23u));
  return vec3f(0.0, 0.0, scaled * scaled);
}

@compute @workgroup_size(SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  var sum = vec3f();
  for (var i = group.x * SHARE_X + lane; i < dims.P; i += groups.x * SHARE_X) {
    sum += squareOf(gradients[dims.gradientsAt + i]);
  }
  let squares = workgroupSum(lane, sum);
  if (lane < 3u) {
    partials[dims.partialsAt + 3u * group.x + lane] = squares[lane];
  }
}
