import { tileOf } from "./control";
import { madd } from "./simd";

/**
 * The innermost product: 4 rows by 8 columns over `K` terms, held in 8 registers.
 *
 *     c[i,j] (+)= Σ_k a[k,i] · b[k,j]        a (K, 4), b (K, 8), both packed
 *
 * Four rows are one vector `a`, eight columns two vectors `b`. `a` is turned by one
 * lane at a time, so that after four turns every row has met every column: sum `r`
 * has in its lane `i` the row `(i + r) mod 4` and the column `i`. Per term that is
 * 3 loads and 3 turns for 8 multiply-adds; loading every row on its own would be 6
 * loads, and each costs a bounds check where the engine makes one. One term a turn
 * of the loop: the engine unrolls it itself, and unrolled here it puts two
 * dependent multiply-adds side by side.
 *
 * Every element is summed over k in rising order, starting from zero, whichever
 * tile it falls into: its bits depend on nothing else.
 */
export function tile(
  a: usize,
  b: usize,
  K: usize,
  c: usize,
  stride: usize, // bytes from a row of c to the next
  add: bool,
): void {
  const end = b + (K << 5);
  let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00;
  let s20 = s00, s21 = s00, s30 = s00, s31 = s00;
  do {
    let rows = v128.load(a);
    const left = v128.load(b);
    s00 = madd(rows, left, s00);
    const right = v128.load(b, 16);
    s01 = madd(rows, right, s01);
    rows = v128.shuffle<f32>(rows, rows, 1, 2, 3, 0);
    s10 = madd(rows, left, s10);
    s11 = madd(rows, right, s11);
    rows = v128.shuffle<f32>(rows, rows, 1, 2, 3, 0);
    s20 = madd(rows, left, s20);
    s21 = madd(rows, right, s21);
    rows = v128.shuffle<f32>(rows, rows, 1, 2, 3, 0);
    s30 = madd(rows, left, s30);
    s31 = madd(rows, right, s31);
    a += 16;
    b += 32;
  } while (b < end);
  storeTurned(c, stride, s00, s10, s20, s30, add);
  storeTurned(c + 16, stride, s01, s11, s21, s31, add);
}

/** Row `m` of the four is `s_m[0] s_(m-1)[1] s_(m-2)[2] s_(m-3)[3]`, modulo 4. */
function storeTurned(
  c: usize,
  stride: usize,
  s0: v128,
  s1: v128,
  s2: v128,
  s3: v128,
  add: bool,
): void {
  const s03 = v128.shuffle<f32>(s0, s3, 0, 5, 2, 7);
  const s21 = v128.shuffle<f32>(s2, s1, 0, 5, 2, 7);
  const s10 = v128.shuffle<f32>(s1, s0, 0, 5, 2, 7);
  const s32 = v128.shuffle<f32>(s3, s2, 0, 5, 2, 7);
  storeRow(c, v128.shuffle<f32>(s03, s21, 0, 1, 6, 7), add);
  storeRow(c + stride, v128.shuffle<f32>(s10, s32, 0, 1, 6, 7), add);
  storeRow(c + 2 * stride, v128.shuffle<f32>(s21, s03, 0, 1, 6, 7), add);
  storeRow(c + 3 * stride, v128.shuffle<f32>(s32, s10, 0, 1, 6, 7), add);
}

function storeRow(c: usize, row: v128, add: bool): void {
  if (add) row = f32x4.add(v128.load(c), row);
  v128.store(c, row);
}

/** `tile` at the edge of a matrix: only `rows` by `columns` of `c` are there. */
export function partOfTile(
  a: usize,
  b: usize,
  K: usize,
  c: usize,
  stride: usize,
  add: bool,
  rows: usize,
  columns: usize,
  thread: usize,
): void {
  const whole = tileOf(thread);
  tile(a, b, K, whole, 32, false);
  for (let i: usize = 0; i < rows; i++) {
    for (let j: usize = 0; j < columns; j++) {
      const to = c + i * stride + (j << 2);
      const sum = load<f32>(whole + (i << 5) + (j << 2));
      store<f32>(to, add ? load<f32>(to) + sum : sum);
    }
  }
}
