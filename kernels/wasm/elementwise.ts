import { storeFirst } from "./simd";

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
