/** The parts of a softmax over one row of logits. */

import { exp } from "./functions";
import { loadFirst, storeFirst, sumOfLanes } from "./simd";

/** Work of one exponential and what goes with it, as `threads.ts` measures it. */
export const EXPONENTIAL: f64 = 80;

/** The greatest of a row; NaN if one of them is. */
export function maximum(z: usize, V: usize): f32 {
  const none = f32x4.splat(-Infinity);
  const end = z + ((V & ~3) << 2);
  let most = none;
  for (; z < end; z += 16) most = f32x4.max(most, v128.load(z));
  most = f32x4.max(most, loadFirst(z, V & 3, none));
  return max(
    max(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1)),
    max(f32x4.extract_lane(most, 2), f32x4.extract_lane(most, 3)),
  );
}

/** `Σ exp(z − greatest)`; the terms go to `y` unless it is 0. */
export function exponentials(
  z: usize,
  greatest: f32,
  y: usize,
  V: usize,
): f32 {
  const most = f32x4.splat(greatest);
  const end = z + ((V & ~3) << 2);
  let sum = f32x4.splat(0);
  for (; z < end; z += 16) {
    const term = exp(f32x4.sub(v128.load(z), most));
    sum = f32x4.add(sum, term);
    if (!y) continue;
    v128.store(y, term);
    y += 16;
  }
  const rest = V & 3;
  if (rest) {
    // exp(−∞) = 0: the lanes that are not there add nothing.
    const last = loadFirst(z, rest, f32x4.splat(-Infinity));
    const term = exp(f32x4.sub(last, most));
    sum = f32x4.add(sum, term);
    if (y) storeFirst(y, rest, term);
  }
  return sumOfLanes(sum);
}
