/** The next token of a text. Reference: `lib/backend/reference/sample.ts`. */

import {
  argument,
  realArgument,
  Region,
  setArgument,
  setRealArgument,
} from "./control";
import { exp, log } from "./functions";
import { loadUpTo, storeUpTo } from "./simd";
import { EXPONENTIAL, exponentials, maximum } from "./softmax";
import { MOVE, runPhase } from "./threads";

const enum Slot {
  Logits = Region.Op,
  Tokens,
  Uniforms,
  Seen,
  LogProbabilities,
  V,
  FirstId,
  InverseTemperature,
  TopK,
  TopP,
  RepetitionPenalty,
  Scratch,
}

/** Bytes of scratch that a row takes for each of its V logits. */
const SCRATCH: usize = 8;

/** Bytes of scratch of all rows. */
export function sampleScratch(B: usize, V: usize): f64 {
  return <f64> SCRATCH * <f64> B * <f64> V;
}

/** Chooses the next token of every row, as `Sample` in ops.ts states it. */
export function sample(
  logits: usize, // (B, V)
  tokens: usize, // (B) u32
  uniforms: usize, // (B), or 0: the greatest
  seen: usize, // (B, V) u32, or 0
  logProbabilities: usize, // (B), or 0
  B: usize,
  V: usize,
  firstId: usize,
  temperature: f64,
  topK: usize, // 0: all
  topP: f64,
  repetitionPenalty: f64,
  scratch: usize, // (B, 2, V)
): void {
  setArgument(Slot.Logits, logits);
  setArgument(Slot.Tokens, tokens);
  setArgument(Slot.Uniforms, uniforms);
  setArgument(Slot.Seen, seen);
  setArgument(Slot.LogProbabilities, logProbabilities);
  setArgument(Slot.V, V);
  setArgument(Slot.FirstId, firstId);
  setRealArgument(Slot.InverseTemperature, <f32> (1 / temperature));
  setArgument(Slot.TopK, topK);
  setRealArgument(Slot.TopP, <f32> topP);
  setRealArgument(Slot.RepetitionPenalty, <f32> repetitionPenalty);
  setArgument(Slot.Scratch, scratch);
  const work = uniforms || logProbabilities ? EXPONENTIAL : MOVE;
  runPhase(samplePiece, B, work * <f64> B * <f64> V);
}

/** One row, of which the ids from `firstId` on are looked at: `n` of them. */
function samplePiece(row: usize, _thread: usize): void {
  const V = argument(Slot.V), firstId = argument(Slot.FirstId);
  const n = V - firstId, at = (row * V + firstId) << 2;
  const logits = argument(Slot.Logits) + at;
  const seen = argument(Slot.Seen) ? argument(Slot.Seen) + at : 0;
  const scratch = argument(Slot.Scratch) + row * V * SCRATCH;
  const uniforms = argument(Slot.Uniforms);
  let z = logits;
  if (seen || uniforms) {
    z = scratch;
    prepare(logits, seen, realArgument(Slot.RepetitionPenalty), z, n);
  }
  const chosen = uniforms
    ? draw(z, scratch + (V << 2), load<f32>(uniforms + (row << 2)), n)
    : greatest(z, n);
  const tokens = argument(Slot.Tokens);
  store<u32>(tokens + (row << 2), <u32> (firstId + chosen));
  if (seen) store<u32>(seen + (chosen << 2), 1);
  const logProbabilities = argument(Slot.LogProbabilities);
  if (!logProbabilities) return;
  const most = maximum(logits, n);
  const sum = <f64> exponentials(logits, most, 0, n);
  const distance = <f64> load<f32>(logits + (chosen << 2)) - <f64> most;
  store<f32>(logProbabilities + (row << 2), <f32> (distance - log(sum)));
}

/**
 * Where `seen`, which may be 0, a logit above 0 is divided by the penalty, another
 * multiplied. What is infinite then becomes the greatest number, −∞ and NaN the least.
 */
function prepare(
  logits: usize,
  seen: usize,
  penalty: f32,
  z: usize,
  V: usize,
): void {
  const penalties = f32x4.splat(penalty), zero = f32x4.splat(0);
  const most = f32x4.splat(f32.MAX_VALUE), least = f32x4.neg(most);
  for (let at: usize = 0; at < V << 2; at += 16) {
    const n = V - (at >> 2);
    let logit = loadUpTo(logits + at, n);
    if (seen) {
      const less = v128.bitselect(
        f32x4.div(logit, penalties),
        f32x4.mul(logit, penalties),
        f32x4.gt(logit, zero),
      );
      const unseen = i32x4.eq(loadUpTo(seen + at, n), zero);
      logit = v128.bitselect(logit, less, unseen);
    }
    // The second of pmax is taken only if it is greater, which NaN never is.
    storeUpTo(z + at, n, f32x4.pmin(f32x4.pmax(least, logit), most));
  }
}

/** The lowest id among the greatest; NaN is less than any. */
function greatest(z: usize, V: usize): usize {
  let best: usize = 0;
  let most: f32 = -Infinity;
  for (let v: usize = 0; v < V; v++) {
    const logit = load<f32>(z + (v << 2));
    if (logit > most) {
      most = logit;
      best = v;
    }
  }
  return best;
}

/**
 * One draw from the softmax of `z / temperature`, restricted to the top k and then the
 * top p: the first id at which the running sum of the kept weights exceeds `uniform`
 * times their whole.
 */
function draw(
  z: usize, // (V)
  weights: usize, // (V), scratch
  uniform: f32,
  V: usize,
): usize {
  const topK = argument(Slot.TopK);
  const most = load<f32>(z + (greatest(z, V) << 2));
  let least: f32 = -Infinity;
  if (topK) least = topOf(z, 0, <f64> topK, most, V);
  weigh(z, most, least, realArgument(Slot.InverseTemperature), weights, V);
  const topP = realArgument(Slot.TopP);
  if (topP < 1) {
    const total = weightFrom(z, weights, least, V);
    least = max(least, topOf(z, weights, <f64> topP * total, most, V));
  }
  const goal = <f64> uniform * weightFrom(z, weights, least, V);
  let sum: f64 = 0;
  let last: usize = 0;
  for (let v: usize = 0; v < V; v++) {
    const weight = load<f32>(weights + (v << 2));
    if (!(load<f32>(z + (v << 2)) >= least) || weight == 0) continue;
    sum += <f64> weight;
    last = v;
    if (sum > goal) break;
  }
  return last; // rounding may leave the sum just below the whole
}

/** `weights = exp((z − most) / temperature)`, 0 for what is below `least`. */
function weigh(
  z: usize,
  most: f32,
  least: f32,
  inverse: f32, // 1 / temperature
  weights: usize,
  V: usize,
): void {
  const greatest = f32x4.splat(most), factor = f32x4.splat(inverse);
  const bound = f32x4.splat(least);
  for (let v: usize = 0; v < V; v += 4) {
    const n = V - v;
    const logit = loadUpTo(z, n);
    const weight = exp(f32x4.mul(f32x4.sub(logit, greatest), factor));
    storeUpTo(weights, n, v128.and(weight, f32x4.ge(logit, bound)));
    z += 16;
    weights += 16;
  }
}

/**
 * The greatest number that so many logits, `goal` in weight, are at or above; where
 * `weights` is 0 each weighs 1. It is one of the logits: what lies between two of them
 * weighs the same, so the search by halves, over the numbers that float32 has, ends at
 * the upper. At most 32 turns, whatever the number of logits.
 */
function topOf(
  z: usize,
  weights: usize,
  goal: f64,
  most: f32,
  V: usize,
): f32 {
  let low = rank(-Infinity), high = <i64> rank(most) + 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (weightFrom(z, weights, ranked(middle), V) >= goal) low = middle;
    else high = middle;
  }
  return ranked(low);
}

/** Position of a number among all that float32 has, in rising order. */
function rank(x: f32): i64 {
  const bits = <i64> reinterpret<i32>(x);
  return bits >= 0 ? bits : -(bits & 0x7fffffff) - 1;
}

/** The number of a position. */
function ranked(position: i64): f32 {
  const bits = position >= 0 ? position : -position - 1 | 0x80000000;
  return reinterpret<f32>(<i32> bits);
}

/** `Σ weights` of the logits that are at least `least`, in float64. */
function weightFrom(z: usize, weights: usize, least: f32, V: usize): f64 {
  const bound = f32x4.splat(least), one = f32x4.splat(1);
  let low = f64x2.splat(0), high = low;
  const whole = V & ~3;
  for (let at: usize = 0; at < whole << 2; at += 16) {
    const weight = weights ? v128.load(weights + at) : one;
    const kept = v128.and(weight, f32x4.ge(v128.load(z + at), bound));
    low = f64x2.add(low, f64x2.promote_low_f32x4(kept));
    const other = v128.shuffle<f32>(kept, kept, 2, 3, 2, 3);
    high = f64x2.add(high, f64x2.promote_low_f32x4(other));
  }
  low = f64x2.add(low, high);
  let sum = f64x2.extract_lane(low, 0) + f64x2.extract_lane(low, 1);
  for (let v = whole; v < V; v++) {
    if (!(load<f32>(z + (v << 2)) >= least)) continue;
    sum += weights ? <f64> load<f32>(weights + (v << 2)) : 1;
  }
  return sum;
}
