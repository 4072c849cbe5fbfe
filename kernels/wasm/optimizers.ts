/**
 * The optimizers, each a function of a block of parameters `p`, gradients `g`, first
 * moments `m` and second moments `v`:
 *
 *     g = clamp(min(1, clipNorm / norm) · gradient, ±clipValue) + weightDecay · p
 *
 * An element of which p, m or v would not be finite keeps all its old ones. Source:
 * PyTorch's `torch.optim`.
 */

import { realArgument, Region, setRealArgument } from "./control";
import { finite, loadUpTo, madd, storeUpTo } from "./simd";

/** The numbers that the optimizers go by, as `update` sets them. */
export const enum Setting {
  Scale = Region.Op + 8, // min(1, clipNorm / norm)
  Most, // clipValue, or infinity
  Decay, // weightDecay
  DecoupledDecay, // −learningRate · weightDecay
  Rate, // −learningRate
  CorrectedRate, // −learningRate / correction1
  Beta1,
  Gain1, // 1 − beta1
  Beta2,
  Gain2, // 1 − beta2
  Correction2, // 1 / correction2
  Epsilon,
}

/** In the order of `UPDATE_RULES` in ops.ts. */
export const OPTIMIZERS: StaticArray<
  (p: usize, g: usize, m: usize, v: usize, count: usize) => void
> = [sgd, momentum, adam, adamw, rmsprop];

export function set(setting: usize, value: f64): void {
  setRealArgument(setting, <f32> value);
}

function splat(setting: usize): v128 {
  return f32x4.splat(realArgument(setting));
}

/** `clamp(scale · gradient, ±most) + decay · p`, up to four of them. */
function clipped(
  gradient: v128,
  p: v128,
  scale: v128,
  most: v128,
  decay: v128,
): v128 {
  const g = f32x4.mul(gradient, scale);
  const within = f32x4.pmax(f32x4.pmin(g, most), f32x4.neg(most));
  return madd(decay, p, within);
}

/** `p −= learningRate · g`. */
function sgd(p: usize, g: usize, _m: usize, _v: usize, count: usize): void {
  const scale = splat(Setting.Scale), most = splat(Setting.Most);
  const decay = splat(Setting.Decay), rate = splat(Setting.Rate);
  for (let i: usize = 0; i < count; i += 4, p += 16, g += 16) {
    const n = count - i;
    const old = loadUpTo(p, n);
    const d = clipped(loadUpTo(g, n), old, scale, most, decay);
    const next = madd(rate, d, old);
    storeUpTo(p, n, v128.bitselect(next, old, finite(next)));
  }
}

/** `m = beta1 · m + g`, `p −= learningRate · m`. */
function momentum(p: usize, g: usize, m: usize, _v: usize, count: usize): void {
  const scale = splat(Setting.Scale), most = splat(Setting.Most);
  const decay = splat(Setting.Decay), rate = splat(Setting.Rate);
  const beta1 = splat(Setting.Beta1);
  for (let i: usize = 0; i < count; i += 4, p += 16, g += 16, m += 16) {
    const n = count - i;
    const old = loadUpTo(p, n), oldFirst = loadUpTo(m, n);
    const d = clipped(loadUpTo(g, n), old, scale, most, decay);
    const first = madd(beta1, oldFirst, d);
    const next = madd(rate, first, old);
    const sound = v128.and(finite(first), finite(next));
    storeUpTo(m, n, v128.bitselect(first, oldFirst, sound));
    storeUpTo(p, n, v128.bitselect(next, old, sound));
  }
}

/** `beta2 · v + (1 − beta2) · g²`: the second moment that follows v. */
function nextSecond(v: v128, g: v128, beta2: v128, gain2: v128): v128 {
  return madd(beta2, v, f32x4.mul(gain2, f32x4.mul(g, g)));
}

/** `v = beta2 · v + (1 − beta2) · g²`, `p −= learningRate · g / (√v + epsilon)`. */
function rmsprop(p: usize, g: usize, _m: usize, v: usize, count: usize): void {
  const scale = splat(Setting.Scale), most = splat(Setting.Most);
  const decay = splat(Setting.Decay), rate = splat(Setting.Rate);
  const epsilon = splat(Setting.Epsilon);
  const beta2 = splat(Setting.Beta2), gain2 = splat(Setting.Gain2);
  for (let i: usize = 0; i < count; i += 4, p += 16, g += 16, v += 16) {
    const n = count - i;
    const old = loadUpTo(p, n), oldSecond = loadUpTo(v, n);
    const d = clipped(loadUpTo(g, n), old, scale, most, decay);
    const second = nextSecond(oldSecond, d, beta2, gain2);
    const divisor = f32x4.add(f32x4.sqrt(second), epsilon);
    const next = madd(rate, f32x4.div(d, divisor), old);
    const sound = v128.and(finite(second), finite(next));
    storeUpTo(v, n, v128.bitselect(second, oldSecond, sound));
    storeUpTo(p, n, v128.bitselect(next, old, sound));
  }
}

/** Adam with the weight's decay in its gradient. */
function adam(p: usize, g: usize, m: usize, v: usize, count: usize): void {
  const decay = splat(Setting.Decay);
  adaptMoments(p, g, m, v, count, decay, f32x4.splat(0));
}

/** Adam with a decay of its own: `p −= learningRate · weightDecay · p` beforehand. */
function adamw(p: usize, g: usize, m: usize, v: usize, count: usize): void {
  const decay = splat(Setting.DecoupledDecay);
  adaptMoments(p, g, m, v, count, f32x4.splat(0), decay);
}

/**
 *     m = beta1 · m + (1 − beta1) · g        v = beta2 · v + (1 − beta2) · g²
 *     p −= learningRate / correction1 · m / (√(v / correction2) + epsilon)
 */
function adaptMoments(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  count: usize,
  decay: v128, // of the gradient
  decoupled: v128, // of the parameter itself
): void {
  const scale = splat(Setting.Scale), most = splat(Setting.Most);
  const rate = splat(Setting.CorrectedRate);
  const epsilon = splat(Setting.Epsilon);
  const beta2 = splat(Setting.Beta2), gain2 = splat(Setting.Gain2);
  const correction2 = splat(Setting.Correction2);
  const beta1 = splat(Setting.Beta1), gain1 = splat(Setting.Gain1);
  for (let i: usize = 0; i < count; i += 4) {
    const n = count - i;
    const old = loadUpTo(p, n);
    const d = clipped(loadUpTo(g, n), old, scale, most, decay);
    const oldFirst = loadUpTo(m, n), oldSecond = loadUpTo(v, n);
    const first = madd(beta1, oldFirst, f32x4.mul(gain1, d));
    const second = nextSecond(oldSecond, d, beta2, gain2);
    const root = f32x4.sqrt(f32x4.mul(second, correction2));
    const change = f32x4.div(first, f32x4.add(root, epsilon));
    const next = madd(rate, change, madd(decoupled, old, old));
    const moments = v128.and(finite(first), finite(second));
    const sound = v128.and(moments, finite(next));
    storeUpTo(m, n, v128.bitselect(first, oldFirst, sound));
    storeUpTo(v, n, v128.bitselect(second, oldSecond, sound));
    storeUpTo(p, n, v128.bitselect(next, old, sound));
    p += 16;
    g += 16;
    m += 16;
    v += 16;
  }
}
