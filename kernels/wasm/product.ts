/**
 * Products of matrices of any size, in two phases: pack both factors, then the
 * tiles of the result. `A·B`, `A·Bᵀ` and `Aᵀ·B` differ in how they are packed alone.
 *
 *     c[i,j] = bias[j] + Σ_k a[i,k] · b[k,j]
 */

import { argument, Region, setArgument } from "./control";
import { PACK_EXTENT, packColumns, packRows } from "./pack";
import { least } from "./simd";
import { MOVE, runPhase } from "./threads";
import { partOfTile, tile } from "./tile";

/** Arguments of the packing: how many matrices there are, then what each one is. */
const COUNT: usize = Region.Packing;
const MATRICES: usize = COUNT + 1;

/** What of a matrix becomes the lines of the panels. */
export const enum Lines {
  Rows,
  Columns,
}

const enum Matrix {
  Lines,
  Source,
  Stride, // bytes from a row to the next
  Extent, // number of columns, or of rows
  K,
  Packed,
  Width,
  Head,
  HeadRows,
  Fields, // how many there are
}

/** Arguments of the product. */
const enum Slot {
  A = Region.Product,
  B,
  Bias,
  C,
  M,
  N,
  K,
}

/** Rows and columns of the block of the result that is one piece. */
const BLOCK_ROWS: usize = 32;
const BLOCK_COLUMNS: usize = 64;

/**
 * Most terms that a tile adds up at a time: both panels, 48 bytes a term, then stay
 * in a first-level cache of 32 KiB. How K is cut depends on K alone.
 */
const MOST_TERMS: usize = 512;

function termsAtATime(K: usize): usize {
  const parts = (K + MOST_TERMS - 1) / MOST_TERMS;
  return (K + parts - 1) / parts;
}

/** Begins the list of what `packAll` is to pack. */
export function beginPacking(): void {
  setArgument(COUNT, 0);
}

/** Adds a matrix: its rows or its columns become panels. */
export function addMatrix(
  lines: Lines,
  source: usize, // (extent, K) by rows, (K, extent) by columns
  stride: usize, // bytes from a row to the next
  extent: usize,
  K: usize,
  packed: usize,
  width: usize,
): void {
  const count = argument(COUNT), at = MATRICES + count * Matrix.Fields;
  setArgument(at + Matrix.Lines, lines);
  setArgument(at + Matrix.Source, source);
  setArgument(at + Matrix.Stride, stride);
  setArgument(at + Matrix.Extent, extent);
  setArgument(at + Matrix.K, K);
  setArgument(at + Matrix.Packed, packed);
  setArgument(at + Matrix.Width, width);
  setArgument(at + Matrix.HeadRows, 0);
  setArgument(COUNT, count + 1);
}

/** Of the matrix added last, by columns, the first `rows` rows lie at `head` instead. */
export function setHead(head: usize, rows: usize): void {
  const at = MATRICES + (argument(COUNT) - 1) * Matrix.Fields;
  setArgument(at + Matrix.Head, head);
  setArgument(at + Matrix.HeadRows, rows);
}

/** Packs what was added. */
export function packAll(): void {
  let pieces: usize = 0;
  let work: f64 = 0;
  for (let index: usize = 0; index < argument(COUNT); index++) {
    const at = MATRICES + index * Matrix.Fields;
    const extent = argument(at + Matrix.Extent);
    pieces += piecesOf(extent);
    work += MOVE * <f64> extent * <f64> argument(at + Matrix.K);
  }
  runPhase(packPiece, pieces, work);
}

function piecesOf(extent: usize): usize {
  return (extent + PACK_EXTENT - 1) / PACK_EXTENT;
}

/** Packs `PACK_EXTENT` rows or columns of one of the matrices. */
function packPiece(piece: usize, _thread: usize): void {
  let at = MATRICES;
  while (piece >= piecesOf(argument(at + Matrix.Extent))) {
    piece -= piecesOf(argument(at + Matrix.Extent));
    at += Matrix.Fields;
  }
  const first = piece * PACK_EXTENT;
  const count = least(PACK_EXTENT, argument(at + Matrix.Extent) - first);
  const source = argument(at + Matrix.Source);
  const stride = argument(at + Matrix.Stride), K = argument(at + Matrix.K);
  const packed = argument(at + Matrix.Packed);
  const width = argument(at + Matrix.Width);
  if (argument(at + Matrix.Lines) == Lines.Rows) {
    packRows(source, stride, first, count, K, packed, width);
    return;
  }
  const head = argument(at + Matrix.Head);
  const headRows = argument(at + Matrix.HeadRows);
  packColumns(head, stride, first, count, 0, headRows, K, packed, width);
  packColumns(source, stride, first, count, headRows, K, K, packed, width);
}

/** `c = bias + a · b` of packed factors; without a bias where `bias` is 0. */
export function product(
  a: usize, // (M, K), packed 4 wide
  b: usize, // (K, N), packed 8 wide
  bias: usize, // (N)
  c: usize, // (M, N)
  M: usize,
  N: usize,
  K: usize,
): void {
  setArgument(Slot.A, a);
  setArgument(Slot.B, b);
  setArgument(Slot.Bias, bias);
  setArgument(Slot.C, c);
  setArgument(Slot.M, M);
  setArgument(Slot.N, N);
  setArgument(Slot.K, K);
  const down = (M + BLOCK_ROWS - 1) / BLOCK_ROWS;
  const across = (N + BLOCK_COLUMNS - 1) / BLOCK_COLUMNS;
  runPhase(productPiece, down * across, 2 * <f64> M * <f64> N * <f64> K);
}

/** One block of the result. */
function productPiece(piece: usize, thread: usize): void {
  const a = argument(Slot.A), b = argument(Slot.B);
  const bias = argument(Slot.Bias), c = argument(Slot.C);
  const M = argument(Slot.M), N = argument(Slot.N), K = argument(Slot.K);
  const across = (N + BLOCK_COLUMNS - 1) / BLOCK_COLUMNS;
  const i = piece / across * BLOCK_ROWS, j = piece % across * BLOCK_COLUMNS;
  const rows = least(BLOCK_ROWS, M - i), columns = least(BLOCK_COLUMNS, N - j);
  const corner = c + ((i * N + j) << 2);
  if (bias) {
    for (let row: usize = 0; row < rows; row++) {
      memory.copy(corner + row * (N << 2), bias + (j << 2), columns << 2);
    }
  }
  const panels = a + ((i * K) << 2), others = b + ((j * K) << 2);
  multiply(panels, others, corner, N << 2, rows, columns, K, bias != 0, thread);
}

/** Multiplies the panels of `rows` rows with those of `columns` columns. */
export function multiply(
  a: usize,
  b: usize,
  c: usize,
  stride: usize, // bytes from a row of c to the next
  rows: usize,
  columns: usize,
  K: usize,
  add: bool,
  thread: usize,
): void {
  const terms = termsAtATime(K);
  const panelBytes = K << 4;
  for (let k: usize = 0; k < K; k += terms) {
    const count = least(terms, K - k);
    for (let j: usize = 0; j < columns; j += 8) {
      const panel = b + ((j * K) << 2) + (k << 5);
      const width = least(8, columns - j);
      let other = a + (k << 4);
      let to = c + (j << 2);
      for (let i: usize = 0; i < rows; i += 4) {
        const height = least(4, rows - i);
        if (width == 8 && height == 4) {
          tile(other, panel, count, to, stride, add);
        } else {
          // deno-fmt-ignore
          partOfTile(other, panel, count, to, stride, add, height, width, thread);
        }
        other += panelBytes;
        to += stride << 2;
      }
    }
    add = true;
  }
}
