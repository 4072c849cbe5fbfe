import { finite, loadUpTo, storeFirst, storeUpTo } from "./simd";

/** Every element becomes `value`. */
export function fill(
  tensor: usize, // (size)
  size: usize,
  value: f64,
): void {
  const values = f32x4.splat(<f32> value);
  const end = tensor + ((size & ~3) << 2);
  for (; tensor < end; tensor += 16) v128.store(tensor, values);
  storeFirst(tensor, size & 3, values);
}

/** `destination = source`, words of 32 bits. */
export function copy(
  source: usize, // (size)
  destination: usize, // (size)
  size: usize,
): void {
  memory.copy(destination, source, size << 2);
}

/** All bits become 0. No op: what a new tensor begins with. */
export function clear(
  tensor: usize, // (size)
  size: usize,
): void {
  memory.fill(tensor, 0, size << 2);
}

/** `destination = source`, 0 where the element or the norm is not finite. */
export function carry(
  source: usize, // (size)
  destination: usize, // (size)
  norm: usize, // ()
  size: usize,
): void {
  if (!isFinite(load<f32>(norm))) return clear(destination, size);
  for (let i: usize = 0; i < size; i += 4) {
    const state = loadUpTo(source, size - i);
    storeUpTo(destination, size - i, v128.and(state, finite(state)));
    source += 16;
    destination += 16;
  }
}
