/**
 * The few vector operations that every kernel is written in. AssemblyScript, as
 * everything in this folder: `tasks/build_wasm.ts` compiles it.
 */

/**
 * `a · b + c`, one rounding where the module may use relaxed SIMD and the
 * processor has the instruction, else two. The same for all elements of a build.
 */
export function madd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD
    ? f32x4.relaxed_madd(a, b, c)
    : f32x4.add(f32x4.mul(a, b), c);
}

/** Rounds `n` up to a multiple of `unit`, a power of two. */
export function roundUp(n: usize, unit: usize): usize {
  return (n + unit - 1) & ~(unit - 1);
}

/** The lesser of two sizes. */
export function least(a: usize, b: usize): usize {
  return a < b ? a : b;
}

/** `left[0] right[0] left[1] right[1]`. */
export function interleaveLow(left: v128, right: v128): v128 {
  return v128.shuffle<f32>(left, right, 0, 4, 1, 5);
}

/** `left[2] right[2] left[3] right[3]`. */
export function interleaveHigh(left: v128, right: v128): v128 {
  return v128.shuffle<f32>(left, right, 2, 6, 3, 7);
}

/** `left[0] left[1] right[0] right[1]`. */
export function lowHalves(left: v128, right: v128): v128 {
  return v128.shuffle<f32>(left, right, 0, 1, 4, 5);
}

/** `left[2] left[3] right[2] right[3]`. */
export function highHalves(left: v128, right: v128): v128 {
  return v128.shuffle<f32>(left, right, 2, 3, 6, 7);
}

/** All bits of the lanes that are finite: x − x is NaN of infinity and of NaN. */
export function finite(x: v128): v128 {
  return f32x4.eq(f32x4.sub(x, x), f32x4.splat(0));
}

/** Sum of the four lanes, `(x0 + x1) + (x2 + x3)`. */
export function sumOfLanes(x: v128): f32 {
  return (f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1)) +
    (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3));
}

/** The first `count` (0 to 3) floats at `address`, the other lanes `rest`. */
export function loadFirst(address: usize, count: usize, rest: v128): v128 {
  let x = rest;
  if (count > 0) x = v128.load32_lane(address, x, 0);
  if (count > 1) x = v128.load32_lane(address, x, 1, 4);
  if (count > 2) x = v128.load32_lane(address, x, 2, 8);
  return x;
}

/** Stores the first `count` (0 to 3) lanes. */
export function storeFirst(address: usize, count: usize, x: v128): void {
  if (count > 0) v128.store32_lane(address, x, 0);
  if (count > 1) v128.store32_lane(address, x, 1, 4);
  if (count > 2) v128.store32_lane(address, x, 2, 8);
}

/** The floats at `address`, four or the first `count` of them; 0 in the other lanes. */
export function loadUpTo(address: usize, count: usize): v128 {
  if (count >= 4) return v128.load(address);
  return loadFirst(address, count, f32x4.splat(0));
}

/** Stores all four lanes, or the first `count`. */
export function storeUpTo(address: usize, count: usize, x: v128): void {
  if (count >= 4) v128.store(address, x);
  else storeFirst(address, count, x);
}
