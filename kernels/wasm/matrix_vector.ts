/**
 * A matrix times one vector, for a single row of a batch, where packing would cost
 * more than it saves:
 *
 *     y[o] = bias[o] + Σ_i weight[o,i] · x[i]
 */

import { argument, Region, setArgument } from "./control";
import { least, loadFirst, madd, sumOfLanes } from "./simd";
import { runPhase } from "./threads";

const enum Slot {
  X = Region.MatrixVector,
  Weight,
  Bias,
  Y,
  I,
  O,
}

/** Fewer rows than these are done one by one, without packing. */
export const FEW_ROWS: usize = 4;

/** Outputs of one piece. */
const OUTPUTS: usize = 64;

/** `y = weight · x + bias`; no bias where it is 0. */
export function matrixTimesVector(
  x: usize, // (I)
  weight: usize, // (O, I)
  bias: usize, // (O)
  y: usize, // (O)
  I: usize,
  O: usize,
): void {
  setArgument(Slot.X, x);
  setArgument(Slot.Weight, weight);
  setArgument(Slot.Bias, bias);
  setArgument(Slot.Y, y);
  setArgument(Slot.I, I);
  setArgument(Slot.O, O);
  const pieces = (O + OUTPUTS - 1) / OUTPUTS;
  runPhase(matrixTimesVectorPiece, pieces, 2 * <f64> I * <f64> O);
}

function matrixTimesVectorPiece(piece: usize, _thread: usize): void {
  const x = argument(Slot.X), weight = argument(Slot.Weight);
  const bias = argument(Slot.Bias), y = argument(Slot.Y);
  const I = argument(Slot.I), O = argument(Slot.O);
  const first = piece * OUTPUTS, end = least(first + OUTPUTS, O);
  for (let o = first; o < end; o += 2) {
    // Of a pair that has no second row, the first is taken twice.
    const next = o + 1 < end ? o + 1 : o;
    const row = weight + ((o * I) << 2), other = weight + ((next * I) << 2);
    twoDots(x, row, other, I, y + (o << 2), y + (next << 2));
  }
  if (!bias) return;
  for (let o = first << 2; o < end << 2; o += 4) {
    store<f32>(y + o, load<f32>(bias + o) + load<f32>(y + o));
  }
}

/** `x · v` and `x · w`, each in four sums of four lanes. */
function twoDots(
  x: usize,
  v: usize,
  w: usize,
  I: usize,
  xv: usize,
  xw: usize,
): void {
  const end = x + ((I & ~31) << 2);
  let v0 = f32x4.splat(0), v1 = v0, v2 = v0, v3 = v0;
  let w0 = v0, w1 = v0, w2 = v0, w3 = v0;
  for (; x < end; x += 128, v += 128, w += 128) {
    const x0 = v128.load(x);
    v0 = madd(x0, v128.load(v), v0);
    w0 = madd(x0, v128.load(w), w0);
    const x1 = v128.load(x, 16);
    v1 = madd(x1, v128.load(v, 16), v1);
    w1 = madd(x1, v128.load(w, 16), w1);
    const x2 = v128.load(x, 32);
    v2 = madd(x2, v128.load(v, 32), v2);
    w2 = madd(x2, v128.load(w, 32), w2);
    const x3 = v128.load(x, 48);
    v3 = madd(x3, v128.load(v, 48), v3);
    w3 = madd(x3, v128.load(w, 48), w3);
    const x4 = v128.load(x, 64);
    v0 = madd(x4, v128.load(v, 64), v0);
    w0 = madd(x4, v128.load(w, 64), w0);
    const x5 = v128.load(x, 80);
    v1 = madd(x5, v128.load(v, 80), v1);
    w1 = madd(x5, v128.load(w, 80), w1);
    const x6 = v128.load(x, 96);
    v2 = madd(x6, v128.load(v, 96), v2);
    w2 = madd(x6, v128.load(w, 96), w2);
    const x7 = v128.load(x, 112);
    v3 = madd(x7, v128.load(v, 112), v3);
    w3 = madd(x7, v128.load(w, 112), w3);
  }
  for (let i: usize = 0; i < ((I & 31) >> 2); i++) {
    const rest = v128.load(x);
    v0 = madd(rest, v128.load(v), v0);
    w0 = madd(rest, v128.load(w), w0);
    x += 16;
    v += 16;
    w += 16;
  }
  const left = I & 3;
  if (left) {
    const zero = f32x4.splat(0);
    const rest = loadFirst(x, left, zero);
    v1 = madd(rest, loadFirst(v, left, zero), v1);
    w1 = madd(rest, loadFirst(w, left, zero), w1);
  }
  store<f32>(xv, sumOfLanes(f32x4.add(f32x4.add(v0, v1), f32x4.add(v2, v3))));
  store<f32>(xw, sumOfLanes(f32x4.add(f32x4.add(w0, w1), f32x4.add(w2, w3))));
}
