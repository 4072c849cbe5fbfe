/**
 * Packing: the factors of a product, laid out in the order in which `tile` reads
 * them. A panel is the `width` rows or columns of one tile (4 or 8) with all K
 * terms, `(K, width)`; what is missing in the last panel is zero.
 */

import {
  highHalves,
  interleaveHigh,
  interleaveLow,
  least,
  loadFirst,
  lowHalves,
  roundUp,
} from "./simd";

/** Rows (or columns) of the source that one piece packs. */
export const PACK_EXTENT: usize = 64;

/** Bytes of `extent` rows or columns of `K` terms in panels of `width`. */
export function packedBytes(extent: usize, K: usize, width: usize): u64 {
  return <u64> roundUp(extent, width) * K << 2;
}

/**
 * Packs rows `first` to `first + count` of `source` `(·, K)`: the panels hold its
 * transpose. `first` is a multiple of 8, `stride` the bytes between rows.
 */
export function packRows(
  source: usize,
  stride: usize,
  first: usize,
  count: usize,
  K: usize,
  packed: usize,
  width: usize,
): void {
  const term = width << 2; // bytes of one term in a panel
  const padded = roundUp(count, width);
  for (let i: usize = 0; i < padded; i += 4) {
    const row = first + i;
    // Row r lies in panel r / width, at lane r mod width.
    const to = packed + (row & ~(width - 1)) * (K << 2) +
      ((row & (width - 1)) << 2);
    const from = source + row * stride;
    if (i + 4 <= count) fourRows(from, stride, K, to, term);
    else someRows(from, stride, i < count ? count - i : 0, K, to, term);
  }
}

function fourRows(
  from: usize,
  stride: usize,
  K: usize,
  to: usize,
  term: usize,
): void {
  let r0 = from, r1 = r0 + stride, r2 = r1 + stride, r3 = r2 + stride;
  const end = from + (K << 2);
  for (; r0 + 16 <= end; r0 += 16, r1 += 16, r2 += 16, r3 += 16) {
    const x0 = v128.load(r0), x1 = v128.load(r1);
    const x2 = v128.load(r2), x3 = v128.load(r3);
    const low01 = interleaveLow(x0, x1), low23 = interleaveLow(x2, x3);
    const high01 = interleaveHigh(x0, x1), high23 = interleaveHigh(x2, x3);
    v128.store(to, lowHalves(low01, low23));
    v128.store(to + term, highHalves(low01, low23));
    v128.store(to + 2 * term, lowHalves(high01, high23));
    v128.store(to + 3 * term, highHalves(high01, high23));
    to += term << 2;
  }
  for (; r0 < end; r0 += 4, r1 += 4, r2 += 4, r3 += 4) {
    store<f32>(to, load<f32>(r0));
    store<f32>(to, load<f32>(r1), 4);
    store<f32>(to, load<f32>(r2), 8);
    store<f32>(to, load<f32>(r3), 12);
    to += term;
  }
}

function someRows(
  from: usize,
  stride: usize,
  count: usize,
  K: usize,
  to: usize,
  term: usize,
): void {
  for (let k: usize = 0; k < K; k++) {
    let x = f32x4.splat(0);
    if (count > 0) x = v128.load32_lane(from, x, 0);
    if (count > 1) x = v128.load32_lane(from + stride, x, 1);
    if (count > 2) x = v128.load32_lane(from + 2 * stride, x, 2);
    v128.store(to, x);
    from += 4;
    to += term;
  }
}

/**
 * Packs columns `first` to `first + count` of rows `from` to `to` of a matrix with
 * K rows in all, as far as they lie in `source`, whose first row is the matrix's row
 * `from`. `first` is a multiple of 8, `stride` the bytes between rows.
 */
export function packColumns(
  source: usize,
  stride: usize,
  first: usize,
  count: usize,
  from: usize,
  to: usize,
  K: usize,
  packed: usize,
  width: usize,
): void {
  const term = width << 2;
  const panelBytes = K * term;
  const padded = roundUp(count, width);
  for (let k = from; k < to; k++) {
    const row = source + (k - from) * stride + (first << 2);
    let panel = packed + (first & ~(width - 1)) * (K << 2) + k * term;
    let j: usize = 0;
    if (width == 8) {
      for (; j + 8 <= count; j += 8) {
        v128.store(panel, v128.load(row + (j << 2)));
        v128.store(panel, v128.load(row + (j << 2), 16), 16);
        panel += panelBytes;
      }
    } else {
      for (; j + 4 <= count; j += 4) {
        v128.store(panel, v128.load(row + (j << 2)));
        panel += panelBytes;
      }
    }
    for (; j < padded; j += 4) {
      const left = j < count ? least(count - j, 4) : 0;
      const place = panel + ((j & (width - 1)) << 2);
      if (left == 4) v128.store(place, v128.load(row + (j << 2)));
      else {
        const rest = loadFirst(row + (j << 2), left, f32x4.splat(0));
        v128.store(place, rest);
      }
    }
  }
}
