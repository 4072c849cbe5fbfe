/**
 * tanh, exp, the logistic sigmoid and log: clamped, vectorized, the same on every
 * machine. Errors are the greatest over all float32 arguments, in units in the last
 * place (ulp) of the result; `tests/backend/wasm_functions_test.ts` sweeps them. NaN gives NaN.
 */

import { loadFirst, madd, storeFirst } from "./simd";

// The coefficients lie in memory: to load one from a constant address is a single
// instruction, where a constant in the code takes three.

/** The clamp of tanh; P and Q from the highest power down. */
// deno-fmt-ignore
const TANH_TABLE = memory.data<f32>([
  8.598974227905273,
  1.4081755317363331e-8, 2.112189758918248e-5, 0.003526373766362667,
  0.13406851887702942, 1,
  8.070353487710236e-7, 0.0003336223599035293, 0.025993796065449715,
  0.46740174293518066, 1,
]);

/**
 * Clamps, 1 / ln 2, the shift, −ln 2 in two parts, Q from the highest power down, the
 * clamp of sigmoid.
 */
// deno-fmt-ignore
const EXP_TABLE = memory.data<f32>([
  -104, 89,
  1.4426950408889634, 12583039, -0.693359375, 2.12194440e-4,
  0.0013814432313665748, 0.008368796668946743, 0.041668396443128586,
  0.1666651964187622, 0.4999999403953552,
  87,
]);

function coefficient(table: usize, index: usize): v128 {
  return v128.load32_splat(table + (index << 2));
}

/**
 * Hyperbolic tangent, at most 6 ulp off (4e-7). An odd rational function, a minimax
 * fit of the relative error to |x| ≤ 8.6. The clamp is a number near that end at which
 * the function rounds to 1, in both builds: beyond it the result is exactly ±1.
 *
 *     tanh x = x · P(x²) / Q(x²)
 */
export function tanh(x: v128): v128 {
  const most = coefficient(TANH_TABLE, 0);
  x = f32x4.pmax(x, f32x4.neg(most)); // keeps NaN, as the next line does
  x = f32x4.pmin(x, most);
  const z = f32x4.mul(x, x);
  let p = madd(z, coefficient(TANH_TABLE, 1), coefficient(TANH_TABLE, 2));
  p = madd(z, p, coefficient(TANH_TABLE, 3));
  p = madd(z, p, coefficient(TANH_TABLE, 4));
  p = madd(z, p, coefficient(TANH_TABLE, 5));
  let q = madd(z, coefficient(TANH_TABLE, 6), coefficient(TANH_TABLE, 7));
  q = madd(z, q, coefficient(TANH_TABLE, 8));
  q = madd(z, q, coefficient(TANH_TABLE, 9));
  q = madd(z, q, coefficient(TANH_TABLE, 10));
  const y = f32x4.div(f32x4.mul(x, p), q);
  // Rounding may lead an ulp beyond 1.
  const one = coefficient(TANH_TABLE, 5);
  return f32x4.pmin(f32x4.pmax(y, f32x4.neg(one)), one);
}

/**
 * Exponential, at most 1.5 ulp off, from 0 below −104 to infinity above 88.73.
 *
 *     exp x = 2ⁿ · exp r,  n = round(x / ln 2),  r = x − n ln 2,  |r| ≤ ½ ln 2
 */
export function exp(x: v128): v128 {
  x = f32x4.pmax(x, coefficient(EXP_TABLE, 0)); // keeps NaN, as the next line does
  x = f32x4.pmin(x, coefficient(EXP_TABLE, 1));
  const shifted = shiftedPower(x);
  const y = mantissa(x, shifted);
  // 2ⁿ in two factors: n reaches 128 and -150, beyond what an exponent can hold.
  const exponent = i32x4.sub(shifted, i32x4.splat(SHIFT + BIAS));
  const half = i32x4.shr_s(exponent, 1);
  const rest = i32x4.sub(exponent, half);
  return f32x4.mul(f32x4.mul(y, power(half)), power(rest));
}

/** The bits of 1.5 · 2²³. */
const SHIFT: i32 = 0x4b400000;

/** What an exponent's bits are above the exponent. */
const BIAS: i32 = 127;

/**
 * `round(x / ln 2)`, plus 1.5 · 2²³ + 127: the first rounds and leaves the number in
 * the low bits, the second makes the bits of an exponent of it.
 */
function shiftedPower(x: v128): v128 {
  return madd(x, coefficient(EXP_TABLE, 2), coefficient(EXP_TABLE, 3));
}

/** `exp r = 1 + r + r² · Q(r)`, from 0.7 to 1.42. */
function mantissa(x: v128, shifted: v128): v128 {
  const n = f32x4.sub(shifted, coefficient(EXP_TABLE, 3));
  // The first part of ln 2 has 9 bits, so that n times it is exact.
  let r = madd(n, coefficient(EXP_TABLE, 4), x);
  r = madd(n, coefficient(EXP_TABLE, 5), r);
  let q = madd(r, coefficient(EXP_TABLE, 6), coefficient(EXP_TABLE, 7));
  q = madd(r, q, coefficient(EXP_TABLE, 8));
  q = madd(r, q, coefficient(EXP_TABLE, 9));
  q = madd(r, q, coefficient(EXP_TABLE, 10));
  return f32x4.add(madd(f32x4.mul(r, r), q, r), coefficient(TANH_TABLE, 5));
}

/** `2ⁿ` of whole numbers from −126 to 127. */
function power(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(BIAS)), 23);
}

/**
 * Logistic sigmoid `1 / (1 + exp −x)`, at most 3 ulp off up to the clamp at |x| = 87,
 * where n just fits an exponent; beyond it at most 2e-38.
 */
export function sigmoid(x: v128): v128 {
  const most = coefficient(EXP_TABLE, 11);
  x = f32x4.neg(x);
  x = f32x4.pmax(x, f32x4.neg(most)); // keeps NaN, as the next line does
  x = f32x4.pmin(x, most);
  const shifted = shiftedPower(x);
  const power = i32x4.shl(shifted, 23); // 2ⁿ: all but the exponent is shifted out
  const small = f32x4.mul(mantissa(x, shifted), power);
  const one = coefficient(TANH_TABLE, 5);
  return f32x4.div(one, f32x4.add(one, small));
}

/**
 * Natural logarithm of a normal number above zero, in float64, about 1e-15 off.
 *
 *     log x = e ln 2 + log m,  √½ ≤ m < √2
 *     log m = 2 (s + s³/3 + s⁵/5 + …),  s = (m − 1) / (m + 1)
 */
export function log(x: f64): f64 {
  if (!(x < Infinity)) return x;
  const bits = reinterpret<i64>(x);
  // √½ has the bits 3fe6a09e…: shifted so, the exponent rounds as m must.
  const e = (bits - 0x3fe6a09e00000000) >> 52;
  const m = reinterpret<f64>(bits - (e << 52));
  const s = (m - 1) / (m + 1), z = s * s;
  let sum = z * (1.0 / 19) + 1.0 / 17;
  sum = sum * z + 1.0 / 15;
  sum = sum * z + 1.0 / 13;
  sum = sum * z + 1.0 / 11;
  sum = sum * z + 1.0 / 9;
  sum = sum * z + 1.0 / 7;
  sum = sum * z + 1.0 / 5;
  sum = sum * z + 1.0 / 3;
  sum = sum * z + 1;
  return <f64> e * 0.6931471805599453 + 2 * s * sum;
}

/** `y[i] = f(x[i])`, for the tests: f is tanh (0), exp (1) or sigmoid (2). */
export function applyFunction(f: i32, x: usize, y: usize, count: usize): void {
  const end = x + ((count & ~3) << 2);
  for (; x < end; x += 16, y += 16) v128.store(y, chosen(f, v128.load(x)));
  const rest = count & 3;
  storeFirst(y, rest, chosen(f, loadFirst(x, rest, f32x4.splat(0))));
}

function chosen(f: i32, x: v128): v128 {
  return f == 0 ? tanh(x) : f == 1 ? exp(x) : sigmoid(x);
}
