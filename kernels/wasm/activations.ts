/**
 * Activations of a row of sums. Each is a pass of its own, which reads and writes in one
 * sweep what lies in one piece.
 */

import { sigmoid, tanh } from "./functions";
import { loadUpTo, storeFirst } from "./simd";

/** `y = σ(x + bias + product)`; `y` may be the product, or lie before it. */
export function sigmoids(
  x: usize,
  bias: usize,
  product: usize,
  y: usize,
  count: usize,
): void {
  const end = y + ((count & ~3) << 2), rest = count & 3;
  for (; y < end; y += 16, x += 16, bias += 16, product += 16) {
    v128.store(
      y,
      sigmoid(sum(v128.load(x), v128.load(bias), v128.load(product))),
    );
  }
  if (rest) storeFirst(y, rest, sigmoid(sumOfRest(x, bias, product, rest)));
}

/** `y = tanh(x + bias + y)`. */
export function tanhs(x: usize, bias: usize, y: usize, count: usize): void {
  const end = y + ((count & ~3) << 2), rest = count & 3;
  for (; y < end; y += 16, x += 16, bias += 16) {
    v128.store(y, tanh(sum(v128.load(x), v128.load(bias), v128.load(y))));
  }
  if (rest) storeFirst(y, rest, tanh(sumOfRest(x, bias, y, rest)));
}

/** `y = max(0, x + bias + y)`, which keeps NaN. */
export function rectify(x: usize, bias: usize, y: usize, count: usize): void {
  const end = y + ((count & ~3) << 2), rest = count & 3;
  const zero = f32x4.splat(0);
  for (; y < end; y += 16, x += 16, bias += 16) {
    v128.store(
      y,
      f32x4.pmax(sum(v128.load(x), v128.load(bias), v128.load(y)), zero),
    );
  }
  if (rest) storeFirst(y, rest, f32x4.pmax(sumOfRest(x, bias, y, rest), zero));
}

function sum(x: v128, bias: v128, product: v128): v128 {
  return f32x4.add(f32x4.add(x, bias), product);
}

/** The sum of the last one, two or three elements. */
function sumOfRest(x: usize, bias: usize, product: usize, rest: usize): v128 {
  return sum(loadUpTo(x, rest), loadUpTo(bias, rest), loadUpTo(product, rest));
}
