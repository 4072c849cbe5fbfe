import { least, loadFirst, madd, sumOfLanes } from "./simd";

/**
 * A matrix times one vector, for a single row of a batch, where packing would cost
 * more than it saves:
 *
 *     y[o] = bias[o] + Σ_i weight[o,i] · x[i]
 *
 * Four rows of the weight at a time, each in four sums (one a lane).
 */
export function rowTimesMatrix(
  x: usize, // (I)
  weight: usize, // (O, I)
  bias: usize, // (O), or 0
  y: usize, // (O)
  I: usize,
  O: usize,
): void {
  const stride = I << 2;
  for (let o: usize = 0; o < O; o += 4) {
    const w = weight + o * stride;
    const count = least(4, O - o);
    if (count == 4) {
      fourDots(x, w, w + stride, w + 2 * stride, w + 3 * stride, I, y);
    } else {
      for (let i: usize = 0; i < count; i++) {
        const row = w + i * stride;
        store<f32>(y + (i << 2), dot(x, row, I));
      }
    }
    if (bias) {
      for (let i: usize = 0; i < count; i++) {
        const to = y + (i << 2);
        store<f32>(to, load<f32>(bias + ((o + i) << 2)) + load<f32>(to));
      }
    }
    y += 16;
  }
}

function fourDots(
  x: usize,
  w0: usize,
  w1: usize,
  w2: usize,
  w3: usize,
  I: usize,
  y: usize,
): void {
  const end = x + ((I & ~3) << 2);
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  let t0 = s0, t1 = s0, t2 = s0, t3 = s0;
  for (; x + 32 <= end; x += 32) {
    const left = v128.load(x), right = v128.load(x, 16);
    s0 = madd(left, v128.load(w0), s0);
    s1 = madd(left, v128.load(w1), s1);
    s2 = madd(left, v128.load(w2), s2);
    s3 = madd(left, v128.load(w3), s3);
    t0 = madd(right, v128.load(w0, 16), t0);
    t1 = madd(right, v128.load(w1, 16), t1);
    t2 = madd(right, v128.load(w2, 16), t2);
    t3 = madd(right, v128.load(w3, 16), t3);
    w0 += 32;
    w1 += 32;
    w2 += 32;
    w3 += 32;
  }
  for (; x < end; x += 16) {
    const left = v128.load(x);
    s0 = madd(left, v128.load(w0), s0);
    s1 = madd(left, v128.load(w1), s1);
    s2 = madd(left, v128.load(w2), s2);
    s3 = madd(left, v128.load(w3), s3);
    w0 += 16;
    w1 += 16;
    w2 += 16;
    w3 += 16;
  }
  const rest = I & 3;
  if (rest) {
    const zero = f32x4.splat(0);
    const left = loadFirst(x, rest, zero);
    t0 = madd(left, loadFirst(w0, rest, zero), t0);
    t1 = madd(left, loadFirst(w1, rest, zero), t1);
    t2 = madd(left, loadFirst(w2, rest, zero), t2);
    t3 = madd(left, loadFirst(w3, rest, zero), t3);
  }
  store<f32>(y, sumOfLanes(f32x4.add(s0, t0)));
  store<f32>(y, sumOfLanes(f32x4.add(s1, t1)), 4);
  store<f32>(y, sumOfLanes(f32x4.add(s2, t2)), 8);
  store<f32>(y, sumOfLanes(f32x4.add(s3, t3)), 12);
}

function dot(x: usize, w: usize, I: usize): f32 {
  const zero = f32x4.splat(0);
  const end = x + ((I & ~3) << 2);
  let sum = zero;
  for (; x < end; x += 16, w += 16) {
    sum = madd(v128.load(x), v128.load(w), sum);
  }
  const rest = I & 3;
  if (rest) {
    sum = madd(loadFirst(x, rest, zero), loadFirst(w, rest, zero), sum);
  }
  return sumOfLanes(sum);
}
