/** Reference: `lib/backend/reference/gradient_descent.ts`. */

import {
  argument,
  realArgument,
  setArgument,
  setRealArgument,
} from "./control";
import { finite, least, loadUpTo, madd, storeUpTo } from "./simd";
import { MOVE, runPhase } from "./threads";

/** Parameters that one piece does, and whose squares are one partial sum. */
const BLOCK: usize = 16_384;

function blocksOf(P: usize): usize {
  return (P + BLOCK - 1) / BLOCK;
}

/** Bytes of scratch: a float64 number a block. */
export function globalNormScratch(P: usize): f64 {
  return 8 * <f64> blocksOf(P);
}

/** `norm = √ Σ g²`, in float64, block by block. */
export function globalNorm(
  gradients: usize, // (P)
  norm: usize, // ()
  P: usize,
  scratch: usize, // (blocks) f64
): void {
  setArgument(0, gradients);
  setArgument(1, P);
  setArgument(2, scratch);
  const blocks = blocksOf(P);
  runPhase(squaresPiece, blocks, MOVE * <f64> P);
  let total: f64 = 0;
  for (let block: usize = 0; block < blocks; block++) {
    total += load<f64>(scratch + (block << 3));
  }
  store<f32>(norm, <f32> sqrt(total));
}

/** The sum of the squares of one block. */
function squaresPiece(piece: usize, _thread: usize): void {
  const first = piece * BLOCK;
  const count = least(BLOCK, argument(1) - first);
  let from = argument(0) + (first << 2);
  const end = from + ((count & ~3) << 2);
  let low = f64x2.splat(0), high = low;
  for (; from < end; from += 16) {
    const g = v128.load(from);
    const g01 = f64x2.promote_low_f32x4(g);
    const g23 = f64x2.promote_low_f32x4(v128.shuffle<f32>(g, g, 2, 3, 2, 3));
    low = f64x2.add(low, f64x2.mul(g01, g01));
    high = f64x2.add(high, f64x2.mul(g23, g23));
  }
  low = f64x2.add(low, high);
  let sum = f64x2.extract_lane(low, 0) + f64x2.extract_lane(low, 1);
  for (let i: usize = 0; i < (count & 3); i++) {
    const g = <f64> load<f32>(from + (i << 2));
    sum += g * g;
  }
  store<f64>(argument(2) + (piece << 3), sum);
}

/** The rules of `UpdateRule` in backend.ts, in their order there. */
const enum Rule {
  Sgd,
  Momentum,
  Adam,
  Adamw,
  Rmsprop,
}

// Arguments of the update's pieces.
const enum Setting {
  Scale = 8, // min(1, clipNorm / norm)
  Most, // clipValue, or infinity
  Decay, // weightDecay, for adamw −learningRate · weightDecay
  Step, // −learningRate, divided by correction1 for adam
  Beta1,
  Gain1, // 1 − beta1
  Beta2,
  Gain2, // 1 − beta2
  Correction2, // 1 / correction2
  Epsilon,
}

/**
 *     g = clamp(min(1, clipNorm / norm) · gradient, ±clipValue) + weightDecay · p
 *
 *     sgd        p −= learningRate · g
 *     momentum   m = beta1 · m + g                      p −= learningRate · m
 *     rmsprop    v = beta2 · v + (1 − beta2) · g²       p −= learningRate · g / (√v + epsilon)
 *     adam(w)    m = beta1 · m + (1 − beta1) · g        v as rmsprop's
 *                p −= learningRate / correction1 · m / (√(v / correction2) + epsilon)
 *
 * and `p −= learningRate · weightDecay · p` first instead for adamw. A clip of 0 clips
 * nothing; with a norm that is not finite nothing changes, nor does an element of which
 * p, m or v would not be finite. Source: PyTorch's `torch.optim`.
 */
export function update(
  parameters: usize, // (P)
  gradients: usize, // (P)
  norm: usize, // ()
  firstMoment: usize, // (P), m
  secondMoment: usize, // (P), v
  P: usize,
  rule: i32,
  learningRate: f64,
  clipNorm: f64,
  clipValue: f64,
  weightDecay: f64,
  beta1: f64,
  beta2: f64,
  epsilon: f64,
  correction1: f64,
  correction2: f64,
): void {
  const length = <f64> load<f32>(norm);
  if (!isFinite(length)) return;
  const clips = clipNorm > 0 && length > clipNorm;
  const adaptive = rule == Rule.Adam || rule == Rule.Adamw;
  setArgument(0, rule);
  setArgument(1, parameters);
  setArgument(2, gradients);
  setArgument(3, firstMoment);
  setArgument(4, secondMoment);
  setArgument(5, P);
  set(Setting.Scale, clips ? clipNorm / length : 1);
  set(Setting.Most, clipValue > 0 ? clipValue : Infinity);
  set(
    Setting.Decay,
    rule == Rule.Adamw ? -learningRate * weightDecay : weightDecay,
  );
  set(Setting.Step, adaptive ? -learningRate / correction1 : -learningRate);
  set(Setting.Beta1, beta1);
  set(Setting.Gain1, 1 - beta1);
  set(Setting.Beta2, beta2);
  set(Setting.Gain2, 1 - beta2);
  set(Setting.Correction2, 1 / correction2);
  set(Setting.Epsilon, epsilon);
  const work: f64 = rule == Rule.Sgd ? 2 : MOVE;
  runPhase(updatePiece, blocksOf(P), work * <f64> P);
}

function set(setting: i32, value: f64): void {
  setRealArgument(setting, <f32> value);
}

function splat(setting: i32): v128 {
  return f32x4.splat(realArgument(setting));
}

function updatePiece(piece: usize, _thread: usize): void {
  const first = piece * BLOCK;
  const count = least(BLOCK, argument(5) - first);
  const p = argument(1) + (first << 2), g = argument(2) + (first << 2);
  const m = argument(3) + (first << 2), v = argument(4) + (first << 2);
  switch (<i32> argument(0)) {
    case Rule.Sgd:
      return sgd(p, g, count);
    case Rule.Momentum:
      return momentum(p, g, m, count);
    case Rule.Rmsprop:
      return rmsprop(p, g, v, count);
    default:
      return adam(p, g, m, v, count, <i32> argument(0) == Rule.Adamw);
  }
}

/** `clamp(scale · gradient, ±most) + decay · p`. */
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

function sgd(p: usize, g: usize, count: usize): void {
  const scale = splat(Setting.Scale), most = splat(Setting.Most);
  const decay = splat(Setting.Decay), step = splat(Setting.Step);
  for (let i: usize = 0; i < count; i += 4) {
    const n = count - i;
    const old = loadUpTo(p, n);
    const d = clipped(loadUpTo(g, n), old, scale, most, decay);
    const next = madd(step, d, old);
    storeUpTo(p, n, v128.bitselect(next, old, finite(next)));
    p += 16;
    g += 16;
  }
}

function momentum(p: usize, g: usize, m: usize, count: usize): void {
  const scale = splat(Setting.Scale), most = splat(Setting.Most);
  const decay = splat(Setting.Decay), step = splat(Setting.Step);
  const beta1 = splat(Setting.Beta1);
  for (let i: usize = 0; i < count; i += 4) {
    const n = count - i;
    const old = loadUpTo(p, n);
    const d = clipped(loadUpTo(g, n), old, scale, most, decay);
    const oldFirst = loadUpTo(m, n);
    const first = madd(beta1, oldFirst, d);
    const next = madd(step, first, old);
    const sound = v128.and(finite(first), finite(next));
    storeUpTo(m, n, v128.bitselect(first, oldFirst, sound));
    storeUpTo(p, n, v128.bitselect(next, old, sound));
    p += 16;
    g += 16;
    m += 16;
  }
}

function rmsprop(p: usize, g: usize, v: usize, count: usize): void {
  const scale = splat(Setting.Scale), most = splat(Setting.Most);
  const decay = splat(Setting.Decay), step = splat(Setting.Step);
  const beta2 = splat(Setting.Beta2), gain2 = splat(Setting.Gain2);
  const epsilon = splat(Setting.Epsilon);
  for (let i: usize = 0; i < count; i += 4) {
    const n = count - i;
    const old = loadUpTo(p, n);
    const d = clipped(loadUpTo(g, n), old, scale, most, decay);
    const squares = f32x4.mul(gain2, f32x4.mul(d, d));
    const oldSecond = loadUpTo(v, n);
    const second = madd(beta2, oldSecond, squares);
    const divisor = f32x4.add(f32x4.sqrt(second), epsilon);
    const next = madd(step, f32x4.div(d, divisor), old);
    const sound = v128.and(finite(second), finite(next));
    storeUpTo(v, n, v128.bitselect(second, oldSecond, sound));
    storeUpTo(p, n, v128.bitselect(next, old, sound));
    p += 16;
    g += 16;
    v += 16;
  }
}

function adam(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  count: usize,
  decoupled: bool,
): void {
  const zero = f32x4.splat(0);
  const scale = splat(Setting.Scale), most = splat(Setting.Most);
  // Of the two decays, of the gradient and of the parameter itself, one is 0.
  const decay = decoupled ? zero : splat(Setting.Decay);
  const ownDecay = decoupled ? splat(Setting.Decay) : zero;
  const step = splat(Setting.Step), epsilon = splat(Setting.Epsilon);
  const beta1 = splat(Setting.Beta1), gain1 = splat(Setting.Gain1);
  const beta2 = splat(Setting.Beta2), gain2 = splat(Setting.Gain2);
  const correction2 = splat(Setting.Correction2);
  for (let i: usize = 0; i < count; i += 4) {
    const n = count - i;
    const old = loadUpTo(p, n);
    const d = clipped(loadUpTo(g, n), old, scale, most, decay);
    const oldFirst = loadUpTo(m, n), oldSecond = loadUpTo(v, n);
    const first = madd(beta1, oldFirst, f32x4.mul(gain1, d));
    const squares = f32x4.mul(gain2, f32x4.mul(d, d));
    const second = madd(beta2, oldSecond, squares);
    const root = f32x4.sqrt(f32x4.mul(second, correction2));
    const change = f32x4.div(first, f32x4.add(root, epsilon));
    const next = madd(step, change, madd(ownDecay, old, old));
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
