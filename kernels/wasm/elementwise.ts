import { finite, loadUpTo, storeFirst, storeUpTo } from "./simd";

/** Every element becomes `value`. */
export function fill(to: usize, value: f32, count: usize): void {
  const values = f32x4.splat(value);
  const end = to + ((count & ~3) << 2);
  for (; to < end; to += 16) v128.store(to, values);
  storeFirst(to, count & 3, values);
}

/** `to = from`, words of 32 bits. */
export function copy(from: usize, to: usize, count: usize): void {
  memory.copy(to, from, count << 2);
}

/** All bits of `count` words become 0. */
export function clear(to: usize, count: usize): void {
  memory.fill(to, 0, count << 2);
}

/** `to = from`, 0 where the element or the norm is not finite. */
export function carry(
  from: usize,
  to: usize,
  norm: usize, // ()
  count: usize,
): void {
  if (!isFinite(load<f32>(norm))) return fill(to, 0, count);
  for (let i: usize = 0; i < count; i += 4) {
    const state = loadUpTo(from, count - i);
    storeUpTo(to, count - i, v128.and(state, finite(state)));
    from += 16;
    to += 16;
  }
}
